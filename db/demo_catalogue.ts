// The invented site: what can be reserved there, by which rules, and who reserves it.

/** Something to reserve, before it is stored. */
export interface Thing {
  name: string;
  kind: string;
  location: string;
  capacity: number | null;
  tags: string[];
  units: number;
  requires_approval: boolean;
  description: string;
  /** Lies far from the rest, in a time zone of its own. */
  outpost: boolean;
}

/** Somebody of the site. */
export interface Person {
  email: string;
  name: string;
  role: "user" | "staff" | "admin";
  outpost: boolean;
}

/** The booking rules of one kind; a rule that is left out does not bind. */
export interface House {
  name: string;
  min_minutes?: number;
  max_minutes?: number;
  notice_minutes?: number;
  horizon_days?: number;
  pending_holds?: boolean;
}

/** Which policy the things of a kind follow. */
export const POLICIES: Record<string, House> = {
  room: { name: "Rooms", min_minutes: 15, max_minutes: 12 * 60, horizon_days: 180 },
  desk: { name: "Desks", max_minutes: 24 * 60, horizon_days: 60 },
  vehicle: { name: "Vehicles", min_minutes: 30, max_minutes: 7 * 1440, notice_minutes: 60 },
  instrument: { name: "Instruments", min_minutes: 60, max_minutes: 3 * 1440, pending_holds: true },
  "hotel room": { name: "Guest rooms", min_minutes: 12 * 60, max_minutes: 14 * 1440, horizon_days: 365 },
};

const GROUND = "Alder House, ground floor";
const UPPER = "Alder House, upper floor";
const ATTIC = "Alder House, under the roof";
const WEIR = "Weir Hall";
const LAB = "Weir Hall, laboratory wing";
const RANGE = "Weir Hall, long range";
const KILN = "Kiln Court, workshops";
const DYE = "Kiln Court, dye works";
const GUESTS = "Kiln Court, guest wing";
const YARD = "Kiln Court, yard";
const LANDING = "Hudson Landing";

/** A hundred things. In each line: the name, where it is, for how many people, and what else is known. */
export const THINGS: readonly Thing[] = [
  room("Bluebell", GROUND, 4, "screen"),
  room("Bramble", GROUND, 6, "screen whiteboard"),
  room("Clover", GROUND, 8, "screen whiteboard step-free"),
  room("Cowslip", GROUND, 4, "whiteboard"),
  room("Elderberry", UPPER, 10, "screen video"),
  room("Fennel", UPPER, 6, "screen"),
  room("Foxglove", UPPER, 12, "screen video whiteboard"),
  room("Gorse", UPPER, 8, "whiteboard"),
  room("Hawthorn", UPPER, 14, "screen video step-free"),
  room("Heather", UPPER, 6, "screen"),
  room("Juniper", WEIR, 10, "screen video step-free"),
  room(
    "Larch Hall",
    WEIR,
    120,
    "hall stage step-free",
    asked("Chairs for 120, a stage, a kitchen next door"),
  ),
  room("Lavender", ATTIC, 4, "quiet"),
  room("Marigold", WEIR, 8, "screen"),
  room("Meadowsweet", WEIR, 16, "screen video"),
  room("Mulberry", WEIR, 20, "screen video step-free"),
  room("Nettle", ATTIC, 6, "whiteboard"),
  room("Orchard Hall", WEIR, 80, "hall step-free", asked("Opens to the orchard; loud music until ten")),
  room("Poppy", ATTIC, 4, "quiet"),
  room("Quince", GROUND, 12, "screen whiteboard"),
  room("Rowan", UPPER, 24, "screen video step-free", asked("The board room")),
  room("Sorrel", KILN, 8, "whiteboard"),
  room("Tamarisk", WEIR, 10, "screen"),
  room("Thistle", KILN, 6, "screen"),
  room("Willow", KILN, 30, "training screen step-free", asked("Thirty seats with a computer each")),
  room("Yarrow", KILN, 8, "screen"),
  room("Cattail", LANDING, 8, "screen video", { outpost: true }),
  room("Bulrush", LANDING, 4, "quiet", { outpost: true }),
  ...numbered(5, (n) => thing("desk", `Atrium desk ${n}`, GROUND, 1, "two-screens")),
  ...numbered(6, (n) => thing("desk", `Gallery desk ${n}`, UPPER, 1, n > 3 ? "standing" : "daylight")),
  ...numbered(4, (n) => thing("desk", `Library desk ${n}`, ATTIC, 1, "quiet")),
  ...numbered(2, (n) => thing("desk", `Landing desk ${n}`, LANDING, 1, "river-view", { outpost: true })),
  ...numbered(5, (n) => thing("bay", `Range bay ${n}`, RANGE, 2, "range lamp")),
  thing(
    "bay",
    "Range bay 6",
    RANGE,
    4,
    "range long-distance",
    asked("Three hundred metres; a supervisor is there"),
  ),
  thing("bay", "Indigo bay", DYE, 4, "dye vat extraction"),
  thing("bay", "Madder bay", DYE, 4, "dye vat"),
  thing("bay", "Weld bay", DYE, 3, "dye"),
  thing("bay", "Walnut bay", DYE, 3, "dye drying-rack"),
  thing("bay", "Woad bay", DYE, 4, "dye vat"),
  thing("bay", "Loading bay east", YARD, null, "ramp"),
  thing("bay", "Loading bay west", YARD, null, "ramp crane"),
  thing("bay", "Carpentry bay", KILN, 6, "bench extraction"),
  thing(
    "bay",
    "Torch bay",
    KILN,
    2,
    "welding extraction",
    asked("Gas and arc; only with a permit for hot work"),
  ),
  thing("vehicle", "Bicycle", YARD, 1, "bike", {
    units: 8,
    description: "Eight alike; the key hangs at the gate",
  }),
  thing("vehicle", "Cargo bike", YARD, 1, "bike", { units: 2 }),
  thing("vehicle", "Blue van", YARD, 3, "van tow-bar"),
  thing("vehicle", "Grey van", YARD, 3, "van"),
  thing("vehicle", "Red estate car", YARD, 5, "car"),
  thing("vehicle", "Green hatchback", YARD, 4, "car"),
  thing("vehicle", "Silver runabout", YARD, 4, "car electric"),
  thing("vehicle", "Yellow minibus", YARD, 16, "bus", asked("A licence for passengers is needed")),
  thing("vehicle", "Flatbed truck", YARD, 2, "truck crane", asked("A licence for trucks is needed")),
  thing("vehicle", "Box trailer", YARD, null, "trailer"),
  thing(
    "vehicle",
    "Survey boat",
    "The weir, jetty",
    6,
    "boat",
    asked("Two people aboard, one of them a skipper"),
  ),
  thing("vehicle", "Landing pick-up", LANDING, 3, "truck", { outpost: true }),
  thing("instrument", "Climate chamber", LAB, null, "testing", asked("From −40 to 90 degrees")),
  thing("instrument", "Colour spectrometer", LAB, null, "light"),
  thing(
    "instrument",
    "Drone with thermal camera",
    LAB,
    null,
    "field",
    asked("The flight is announced to the airfield"),
  ),
  thing("instrument", "Ground radar", LAB, null, "field"),
  thing("instrument", "Jacquard loom", KILN, 2, "weaving"),
  thing("instrument", "Large kiln", KILN, null, "heat"),
  thing("instrument", "Laser cutter", KILN, 2, "cutting", asked("After the short introduction")),
  thing("instrument", "Light booth", LAB, 2, "light"),
  thing("instrument", "Scanning microscope", LAB, 2, "microscopy", asked("The vacuum takes half an hour")),
  thing("instrument", "Sound camera", LAB, null, "field acoustics"),
  thing("instrument", "Stereo microscope", LAB, 1, "microscopy"),
  thing("instrument", "Tensile tester", LAB, 2, "testing"),
  thing("instrument", "Water sampler", LAB, null, "field"),
  thing("kit", "Camera kit", GROUND, null, "photo", { units: 2 }),
  thing("kit", "Conference microphones", GROUND, null, "sound"),
  thing("kit", "Exhibition panels", WEIR, null, "display"),
  thing("kit", "Field survey kit", LAB, null, "field", { units: 3 }),
  thing("kit", "First aid training kit", GROUND, null, "training"),
  thing("kit", "Podcast kit", ATTIC, null, "sound"),
  thing("kit", "Projector", GROUND, null, "display", {
    units: 5,
    description: "Cable and remote are in the bag",
  }),
  thing("kit", "Stage lights", WEIR, null, "stage", asked("Someone who knows the ladder comes along")),
  thing("kit", "Workshop tool chest", KILN, null, "tools", { units: 4 }),
  thing("hotel room", "Guest room Heron", GUESTS, 2, "bath"),
  thing("hotel room", "Guest room Kingfisher", GUESTS, 2, "shower step-free"),
  thing("hotel room", "Guest room Lapwing", GUESTS, 1, "shower"),
  thing("hotel room", "Guest room Nightingale", GUESTS, 4, "kitchen bath", asked("Two rooms and a kitchen")),
  thing("hotel room", "Guest room Swallow", GUESTS, 1, "shower"),
  thing("hotel room", "Guest room Wagtail", GUESTS, 2, "bath"),
];

/** A hall that divides, of which either half can be had by itself. */
export const HALL = { name: "Weir Gallery", parts: ["Gallery east", "Gallery west"] } as const;
/** What is had together with something else, and how many there are. */
export const ACCESSORIES = { "Chairs": 120, "Catering kit": 6 } as const;

/** The hall with its halves, tents, and what can be had with a room: nothing is drawn for them, so that they are free. */
export const EXTRAS: readonly Thing[] = [
  ...HALL.parts.map((name) =>
    room(name, WEIR, 30, "hall step-free", { description: "A half of the Weir Gallery" })
  ),
  room(HALL.name, WEIR, 60, "hall step-free", { description: "Divides into two halves by a sliding wall" }),
  thing("kit", "Garden tent", YARD, 20, "outdoors", {
    units: 4,
    description: "Four alike, with pegs and a hammer",
  }),
  ...Object.entries(ACCESSORIES).map(([name, units]) => thing("kit", name, WEIR, null, "hall", { units })),
];

/** Out of service: since how many days, why, and whether what had been reserved ahead was cancelled. */
export const RETIRED: Record<string, { days: number; future: "keep" | "cancel"; reason: string }> = {
  "Library desk 4": { days: 33, future: "keep", reason: "The lamp is being repaired" },
  "Grey van": { days: 61, future: "cancel", reason: "The Grey van failed its inspection" },
};

/** Forty people; the first of each role is who the demo is shown as. */
export const PEOPLE: readonly Person[] = [
  ...people("admin", ["Ada Okonkwo"]),
  ...people("staff", ["Sam Achterberg", "Ingrid Sjöström", "Mateo Quiroga", "Priya Raman", "Dorothea Wirth"]),
  ...people("user", ["Bob Ferreira", "Alice Ndiaye", "Łucja Zielińska", "Jürgen Möhring", "Siobhán Keane"]),
  ...people("user", ["Tomás Beltrán", "Zoë van der Linde", "Ngozi Eze", "Håkon Lillevik", "Chiara Morandi"]),
  ...people("user", ["Rubén Castañeda", "Emre Yıldız", "Anneliese Grün", "Olivier Gauthier", "Tui Parata"]),
  ...people("user", [
    "Kaveh Daneshvar",
    "Fatoumata Diarra",
    "Wei Ling Tan",
    "Aroha Ngata",
    "Ștefan Munteanu",
  ]),
  ...people("user", ["Jiří Havránek", "Leilani Kealoha", "Mihály Szőke", "Rania Haddad", "Thandiwe Khumalo"]),
  ...people("user", ["Arjun Pillai", "Élodie Marchand", "Yusuf Abdi", "Bronwen Pugh"]),
  { email: "misaki@demo.example", name: "田中 美咲", role: "user", outpost: false },
  { email: "lior@demo.example", name: "ליאור כהן", role: "user", outpost: false },
  ...people("user", ["Hannah Brewer", "Desmond Clarke", "Marisol Vega"], true),
];

type More = Partial<Pick<Thing, "units" | "requires_approval" | "description" | "outpost">>;

function room(name: string, location: string, capacity: number, tags: string, more: More = {}): Thing {
  return thing("room", name, location, capacity, tags, more);
}

function thing(
  kind: string,
  name: string,
  location: string,
  capacity: number | null,
  tags: string,
  more: More = {},
): Thing {
  const plain = { units: 1, requires_approval: false, description: "", outpost: false };
  return { name, kind, location, capacity, tags: tags.split(" ").sort(), ...plain, ...more };
}

function asked(description: string): More {
  return { requires_approval: true, description };
}

function numbered(count: number, make: (n: number) => Thing): Thing[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}

// The address is the first name, as a keyboard without accents writes it.
function people(role: Person["role"], names: string[], outpost = false): Person[] {
  return names.map((name) => {
    const first = name.split(" ")[0].toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace("ł", "l");
    return { email: `${first}@demo.example`, name, role, outpost };
  });
}
