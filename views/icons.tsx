/** The mark: a cleat with its line made fast. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path
        d="M3 8h18M7 8v8m10-8v8M3 16h18M5 20 19 4"
        fill="none"
        stroke="currentColor"
        stroke-width="2.2"
        stroke-linecap="round"
      />
    </svg>
  );
}

const PATHS = {
  day: "M4 6h16v14H4zM4 10h16M8 3v4m8-4v4",
  resources: "M4 4h7v7H4zm9 0h7v7h-7zM4 13h7v7H4zm9 0h7v7h-7z",
  mine: "M6 3h12v18l-6-4-6 4z",
  approvals: "m4 12 5 5L20 6",
  home: "m3 11 9-8 9 8v10h-6v-6H9v6H3z",
  lock: "M6 11h12v9H6zm2 0V8a4 4 0 0 1 8 0v3",
};

/** A small picture beside a word; never instead of one. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" />
    </svg>
  );
}
