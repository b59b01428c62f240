import type { Thing } from "./demo_catalogue.ts";

// What people of the invented site reserve things for, and the requests that are told one by one.

/** What a thing may be reserved for, by one of its tags or, where none has words of its own, by its kind. */
const PURPOSES: Record<string, readonly string[]> = {
  room: [
    "Weekly planning",
    "Talk about the new glaze",
    "Interview for the apprenticeship",
    "Budget of the dye works",
    "Reading circle",
    "Call with the harbour office",
    "Preparing the open day",
    "Retrospective",
    "Project flax: next steps",
    "Language lesson",
    "Meeting of the works council",
    "Design review",
    "Yearly talk",
    "Planning the range season",
    "Supplier visit",
    "Workshop on natural dyes",
  ],
  hall: [
    "Lecture and discussion",
    "Rehearsal of the choir",
    "Market of the apprentices",
    "Dance class",
    "Meeting of all teams",
    "Exhibition of the weaving course",
    "Film and talk",
    "Repair café",
  ],
  training: ["Course for newcomers", "First aid, refresher", "Spreadsheets for beginners", "Pattern drawing"],
  desk: [
    "In the house today",
    "Writing the yearly report",
    "Quiet work",
    "Between two meetings",
    "Proof-reading",
  ],
  range: [
    "Club training",
    "Practice for the autumn match",
    "Beginners' course",
    "Sighting in",
    "Class, advanced",
  ],
  dye: [
    "Two bolts of linen",
    "Samples for the colour card",
    "Trial with a cold vat",
    "Wool for the tapestry",
  ],
  ramp: ["Delivery of timber", "Collection of finished cloth", "Paper and cardboard", "Clay from the pit"],
  bench: [
    "Repair of the garden benches",
    "Shelves for the library",
    "New doors for the shed",
    "Picture frames",
  ],
  welding: [
    "Hinges for the yard gate",
    "Rack for the kiln",
    "Repair of the trailer",
    "Course, second evening",
  ],
  vehicle: [
    "Visit to the quarry",
    "Fetching wool from the farm",
    "Trip to the salt marsh",
    "Appointment in town",
    "Delivery to the market",
    "Fair, setting up and taking down",
    "Collecting visitors at the station",
    "Site survey along the river",
  ],
  bike: [
    "Errands in town",
    "To the station",
    "Samples from the weir",
    "Post and parcels",
    "Round of the nest boxes",
  ],
  boat: ["Soundings below the weir", "Buoys, autumn check", "Samples from the middle of the river"],
  instrument: [
    "Calibration",
    "Training of two newcomers",
    "Measurements for the thesis",
    "Third series of tests",
  ],
  field: [
    "Old mill race, north bank",
    "Noise at the turbine",
    "Dike after the high water",
    "Survey of the meadow",
  ],
  light: ["Colour card for spring", "Fastness of the new reds", "Samples for the museum"],
  testing: ["Test of the new rope", "Sailcloth, wet and dry", "Seams of the rucksacks", "Ageing of varnish"],
  microscopy: ["Fibre samples, third series", "Pollen from the bell tower", "Cracks in the old glaze"],
  heat: ["Firing of the large bowls", "Tiles for the kitchen", "Bisque firing of the course"],
  weaving: ["Blankets, second half", "Trial of the river pattern", "Curtains for the guest wing"],
  cutting: ["Signs for the open day", "Stencils", "Parts of the model mill"],
  kit: [
    "Talk at the school",
    "Course in the village",
    "Evening in the hall",
    "Open day",
    "Visit of the sister site",
  ],
  photo: ["Photographs for the catalogue", "Portraits of the apprentices", "Before and after the repair"],
  tools: ["Repairs in the guest wing", "Setting up the exhibition", "Fence along the orchard"],
  "hotel room": [
    "Visiting lecturer",
    "Family of an apprentice",
    "Guests of the exhibition",
    "Course participants",
    "Late shift before an early train",
    "Partner from the sister site",
  ],
};

/** Why something was given up, in the words of whoever reserved it. */
export const CANCELLED: readonly string[] = [
  "Moved to next week",
  "Two of us are ill",
  "We found a smaller one",
  "The visitors are not coming",
  "Done earlier than planned",
  "The train is late",
];

/** Why something was not granted, in the words of an approver. */
const DENIED: Record<string, readonly string[]> = {
  any: ["Kept free for the inspection that day", "Another group asked first", "It is being cleaned that day"],
  room: ["Too few people for so much room: please take Mulberry", "The floor is oiled that day"],
  vehicle: ["Your licence for it has run out: please show the new one", "It is at the garage that week"],
  bay: ["No supervisor is there at that time", "Please take the introduction first"],
  instrument: ["Please take the introduction first", "A long series runs until the day after"],
};

/** The purposes that suit a thing. */
export function purposesOf({ kind, tags }: Thing): readonly string[] {
  const tag = tags.find((tag) => tag in PURPOSES);
  return PURPOSES[tag ?? kind];
}

/** The reasons against a thing that an approver may give. */
export function denialsOf({ kind }: Thing): readonly string[] {
  return [...DENIED.any, ...DENIED[kind] ?? []];
}

/** One period of one thing that several want: what was approved there, and what still waits. */
export interface Scene {
  thing: string;
  /** Which working day from tomorrow on. */
  day: number;
  /** The hour on the clock there. */
  hour: number;
  hours: number;
  approved?: string;
  pending: readonly string[];
  /** Who asks for the last of them, where it matters. */
  by?: string;
}

/** What waits for a decision: several in the way of each other or of what was approved, some alone. */
export const SCENES: readonly Scene[] = [
  scene("Orchard Hall", 1, 9, 4, ["Choir rehearsal before the concert"], "Meeting of all teams"),
  scene("Orchard Hall", 4, 14, 4, [
    "Open day for the neighbours",
    "Farewell of the apprentices",
    "Winter play",
  ]),
  scene("Larch Hall", 2, 10, 6, ["Repair café", "Blood donation day"]),
  scene("Larch Hall", 6, 9, 8, ["Regional robotics final", "Flea market for the roof"], "Weaving exhibition"),
  scene("Larch Hall", 8, 18, 3, ["Concert of the brass band"]),
  scene("Rowan", 0, 13, 2, ["Next year's budget, second reading", "Interview with the new head of the kiln"]),
  scene("Rowan", 3, 9, 2, ["Visit of the fire inspection"], "Meeting of the trustees"),
  scene("Willow", 1, 9, 7, ["First aid refresher for the range supervisors"]),
  scene("Willow", 5, 9, 3, ["First day of the newcomers", "Lesson on the new loom software"]),
  scene("Torch bay", 2, 8, 4, ["Railing of the weir", "Frame for the outdoor stage"]),
  scene("Range bay 6", 3, 14, 3, ["Measuring the long distance anew", "Evening class, advanced"]),
  scene("Yellow minibus", 1, 8, 10, ["Fetching visitors from the station"], "Excursion of the botany group"),
  scene("Yellow minibus", 7, 7, 12, ["Away day of the dye works", "Excursion to the salt marsh"]),
  scene("Flatbed truck", 2, 7, 5, ["Kiln shelves from the quarry"]),
  scene("Flatbed truck", 5, 8, 8, ["Timber for the carpentry bay"], "Moving the exhibition walls"),
  { ...scene("Survey boat", 4, 9, 6, ["Sediment above the weir", "Count of the water birds"]), by: "bob" },
  scene("Guest room Nightingale", 3, 15, 20, ["Visiting lecturer, one night", "Parents of an apprentice"]),
  scene("Stage lights", 4, 9, 9, ["Lights for the winter play"]),
  scene("Climate chamber", 2, 8, 8, ["Ageing of the new glaze"]),
  scene("Scanning microscope", 1, 9, 4, ["Fibres of the flax project"]),
  scene("Laser cutter", 3, 10, 3, ["Stencils for the exhibition"]),
  scene("Drone with thermal camera", 6, 8, 4, ["Roof of Weir Hall, loss of heat"]),
];

/** A reservation that is told for one person's sake. */
export interface Tale {
  by: string;
  thing: string;
  /** Which working day: 0 is the next one after today, -1 the last one before; none is today. */
  day?: number;
  hour: number;
  hours: number;
  purpose: string;
  /** How it ended, where it is not simply approved. */
  end?: { action: "deny" | "cancel"; by: string; reason: string } | "expire";
}

/** What a person who signs in as Bob finds: something of everything. */
export const TALES: readonly Tale[] = [
  tale(undefined, "Bluebell", 16, 1, "Handing over the keys"),
  tale(0, "Fennel", 10, 1, "Weekly planning with Alice"),
  tale(1, "Gallery desk 3", 8, 10, "Writing the report on the weir"),
  tale(2, "Red estate car", 8, 9, "Visit to the quarry"),
  tale(3, "Juniper", 14, 1.5, "Water birds: who counts where"),
  tale(4, "Colour spectrometer", 9, 3, "Colours of the river mud"),
  tale(6, "Foxglove", 11, 2, "Project flax: results"),
  tale(9, "Guest room Heron", 15, 44, "Ornithologist from the coast"),
  tale(5, "Quince", 11, 1, "Talk with the angling club", {
    action: "cancel",
    by: "sam",
    reason: "Quince is being painted that day: Clover is free at the same time",
  }),
  tale(-1, "Clover", 9, 1, "Weekly planning with Alice"),
  tale(-3, "Ground radar", 9, 6, "Old mill race, north bank"),
  tale(-6, "Green hatchback", 8, 5, "Posters for the count of the water birds"),
  tale(-9, "Orchard Hall", 18, 3, "Slides from the river", {
    action: "deny",
    by: "ingrid",
    reason: "The floor is oiled that evening",
  }),
  tale(-14, "Rowan", 15, 1, "Meeting about the fish ladder", "expire"),
  tale(-11, "Cowslip", 13, 0.5, "Call with the harbour office", {
    action: "cancel",
    by: "bob",
    reason: "They called a day early",
  }),
];

function scene(
  thing: string,
  day: number,
  hour: number,
  hours: number,
  pending: readonly string[],
  approved?: string,
): Scene {
  return { thing, day, hour, hours, pending, approved };
}

function tale(
  day: number | undefined,
  thing: string,
  hour: number,
  hours: number,
  purpose: string,
  end?: Tale["end"],
): Tale {
  return { by: "bob", day, thing, hour, hours, purpose, end };
}
