import type { KeepRule } from '../../change/journal/keeper.ts';

/** Lists of up to so many entries stay in the journal. */
const MOST_ENTRIES = 100;

/** So many characters of a payload stay in the journal. */
const MOST_PAYLOAD = 4096;

/** What a runner keeps beside its journal: secrets, and what is long. */
export const longOrSecret: KeepRule = (change, name, value) => {
  if (name === 'entries' || name === 'patterns') return Array.isArray(value) && value.length > MOST_ENTRIES;
  // Keys of maps and tables are called so, too; they are no secret.
  if (['key', 'oldest', 'older'].includes(name)) return change.kind === 'ticket-key.set';
  if (typeof value !== 'string') return false;
  if (name === 'pem') return value.includes('PRIVATE KEY');
  return name === 'payload' && (value.includes('PRIVATE KEY') || value.length > MOST_PAYLOAD);
};
