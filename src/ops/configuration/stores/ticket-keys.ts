import { createHash } from 'node:crypto';
import { ticketKeysText } from '../../../change/layers/certificate-texts.ts';
import type { Target } from '../../target.ts';
import { SECRET } from './certificate.ts';
import { changedSince, type ItemOf, unnamed } from './item.ts';

/** Puts the keys for session tickets that are in force into their file. Returns why they cannot be kept, or null. */
export async function keepTicketKeys(item: ItemOf<'ticket-key.set'>): Promise<string | null> {
  const { override, change, around } = item;
  const { target, drafts, note } = around;
  const file = override.object;
  const hindrance = file.startsWith('#') ? `'${file}' is a number, which files do not name things by` : unnamed(file);
  if (hindrance !== null) return hindrance;
  const bytes = drafts.onDisk(file);
  if (bytes === null) return `${file} is not there`;
  const live = await keysInForce(change, file, target);
  if (live.length === 0) return `the keys of ${file} are not told`;
  const lines = bytes.latin1Slice().split('\n');
  const keyLines = lines.flatMap((line, i) => (line.trim() === '' ? [] : [i]));
  const used = keyLines.slice(-live.length);
  const filed = used.map((at) => lines[at]!.trim());
  if (filed.join() === live.join()) return null;
  const changed = changedSince(item, file, textOf(filed, target));
  if (changed !== null) return changed;
  drafts.put(file, Buffer.from(withKeys(lines, used, live), 'latin1'), SECRET);
  const fresh = live.filter((key) => !filed.includes(key)).length;
  note(`${file}: ${fresh} newer ${fresh === 1 ? 'key' : 'keys'}, as many of the oldest go, mode 0600`);
  return null;
}

/** All of them, oldest first: the override of a Sluice has them, a HAProxy is asked. */
async function keysInForce(
  { key, older }: ItemOf<'ticket-key.set'>['change'],
  file: string,
  { client }: Target,
): Promise<readonly string[]> {
  if (Array.isArray(older)) return [...(older as readonly string[]), key as string];
  const text = await client.run(['show', 'tls-keys', file]).catch(() => '');
  return [...text.matchAll(/^\d+\.\d+ (\S+)$/gm)].map((match) => match[1]!);
}

/** What the keys of a file are to overrides of this load balancer: all of them on a Sluice, the newest on a HAProxy. */
function textOf(keys: readonly string[], { product }: Target): string {
  if (product === 'sluice') return ticketKeysText(keys.map((key) => Buffer.from(key, 'base64')));
  const newest = createHash('sha256')
    .update(keys.at(-1) ?? '')
    .digest('hex');
  return `sha256 ${newest.slice(0, 16)}`;
}

/** The lines of a file with other keys on those that are used. */
function withKeys(lines: readonly string[], used: readonly number[], keys: readonly string[]): string {
  const ending = lines[0]?.endsWith('\r') ? '\r' : '';
  return lines.map((line, i) => (used.includes(i) ? `${keys[used.indexOf(i)]}${ending}` : line)).join('\n');
}
