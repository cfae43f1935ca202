/** Data Plane APIs as targets of operations: how they are named, and who asks. */

/** What the file of targets says of one. */
export interface ServiceLogin {
  readonly user?: string;
  /** File whose first line is the password. */
  readonly passwordFile?: string;
  /** File of authorities that its certificate is checked against, PEM. */
  readonly ca?: string;
}

/** True for the address of a Data Plane API: `https://HOST:PORT`, `http://HOST:PORT`, `api:unix:/PATH`. */
export function isServiceAddress(word: string): boolean {
  return /^(https?:\/\/|api:)/.test(word);
}

/** The address as it is written, when it says where. */
export function serviceText(word: string): string {
  return word.replace(/^api:(?=https?:)/, '').replace(/\/$/, '');
}
