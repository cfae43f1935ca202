/** A version of HAProxy as far as commands differ by it. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  /** As the program tells it: `2.6.12-1+deb12u4`. */
  readonly text: string;
}

/** The version in what `show info` tells. Throws on a text that begins with no two numbers. */
export function parseVersion(text: string): Version {
  const match = /^(\d{1,3})\.(\d{1,3})/.exec(text);
  if (!match) throw new Error(`this is no version of HAProxy: ${JSON.stringify(text.slice(0, 80))}`);
  return { major: Number(match[1]), minor: Number(match[2]), text };
}

/** True from `since` (`2.6`) on. */
export function atLeast(version: Version, since: string): boolean {
  const { major, minor } = parseVersion(since);
  return version.major > major || (version.major === major && version.minor >= minor);
}
