/** Characters of names and texts in a value, with something for the rest: what its JSON has at least, escapes apart. */
export function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 16;
  let characters = 2;
  for (const name of Object.keys(value)) {
    characters += name.length + 4 + charactersOf((value as Readonly<Record<string, unknown>>)[name]);
  }
  return characters;
}
