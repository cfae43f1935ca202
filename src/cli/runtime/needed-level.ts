import { type Level, levelNumber } from '../../runtime/levels.ts';
import { COMMAND_LEVELS } from './command-levels.ts';

const LEVELS: ReadonlyMap<string, Level> = new Map(
  (['user', 'operator', 'admin'] as const).flatMap((level) => COMMAND_LEVELS[level].map((words) => [words, level])),
);

/** Words of a row at most. */
const MOST_WORDS = 3;

/** The lowest level that a command asks for: that of the longest row that its words begin with; admin where no row does. */
export function neededLevel(words: readonly string[]): Level {
  for (let count = Math.min(MOST_WORDS, words.length); count > 0; count--) {
    const level = LEVELS.get(words.slice(0, count).join(' '));
    if (level !== undefined) return level;
  }
  return 'admin';
}

/** The lower one of two levels. */
export function lower(a: Level, b: Level): Level {
  return levelNumber(a) < levelNumber(b) ? a : b;
}
