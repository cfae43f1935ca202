import { trustText } from '../../../change/layers/certificate-texts.ts';
import { readTrust } from '../../../model/certificates/trust.ts';
import { changedSince, type ItemOf, unnamed } from './item.ts';

/** Authorities and revocation lists are for everybody to read. */
const PUBLIC = { mode: 0o644 };

/** Puts authorities or revocation lists that were set into their file. Returns why they cannot be kept, or null. */
export function keepTrust(item: ItemOf<'trust.new' | 'trust.set' | 'trust.del'>): string | null {
  const { override, change, around } = item;
  const { drafts, note } = around;
  const { file } = change;
  const hindrance = unnamed(file);
  if (hindrance !== null) return hindrance;
  const bytes = drafts.onDisk(file);
  const content = bytes === null ? null : readTrust(bytes.latin1Slice());
  const now = bytes === null ? '(absent)' : content === null ? '(empty)' : trustText(content);
  if (now === override.value) return null;
  const changed = changedSince(item, file, now);
  if (changed !== null) return changed;
  if (change.kind === 'trust.del') drafts.put(file, null);
  else if (change.pem === null || change.pem === '') return 'it is empty';
  else drafts.put(file, Buffer.from(change.pem, 'latin1'), bytes === null ? PUBLIC : undefined);
  note(`${file}: ${now.replace(/, sha256 .*/, '')} -> ${override.value.replace(/, sha256 .*/, '')}`);
  return null;
}
