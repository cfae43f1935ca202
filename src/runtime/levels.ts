/** Access levels of the Runtime API, lowest first (manual of management, section 9.3). */
const LEVELS = ['user', 'operator', 'admin'] as const;
export type Level = (typeof LEVELS)[number];

/** Modes that unlock commands on a connection. */
export type FeatureMode = 'expert' | 'experimental';

export function levelNumber(level: Level): number {
  return LEVELS.indexOf(level);
}

/** `level` allows what `needed` asks for. */
export function hasLevel(level: Level, needed: Level): boolean {
  return levelNumber(level) >= levelNumber(needed);
}
