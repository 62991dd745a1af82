/** What cannot be taken over of a stub's request leaves the whole stub out: one that looks at less would answer too much. */
export class Untakeable extends Error {
  /** Path in the stub. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** The value a stub gives as JSON or as the text of it. Throws Untakeable when the text is none. */
export function jsonOf(value: unknown, field: string): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new Untakeable(field, `its value is no JSON (${(error as Error).message})`);
  }
}
