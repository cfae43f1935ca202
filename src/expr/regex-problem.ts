/** What is wrong with a regular expression, and where. */
export class RegexProblem extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
