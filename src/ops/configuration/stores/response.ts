import { responseText } from '../../../change/layers/certificate-texts.ts';
import { certificateFiles, certificateOnDisk } from './certificate.ts';
import { changedSince, type ItemOf } from './item.ts';

/** Puts an OCSP response that was set into the file beside its certificate. Returns why it cannot be kept, or null. */
export async function keepResponse(item: ItemOf<'ocsp.set'>): Promise<string | null> {
  const { override, change, around } = item;
  const { target, drafts, note } = around;
  const files = await certificateFiles(override.object, target, drafts);
  if (typeof files === 'string') return files;
  const bytes = Buffer.from(change.response, 'base64');
  if (drafts.now(files.ocsp)?.equals(bytes)) return null;
  const content = target.product === 'sluice' ? certificateOnDisk(files, drafts) : null;
  const changed = changedSince(item, files.ocsp, content && responseText(content));
  if (changed !== null) return changed;
  drafts.put(files.ocsp, bytes);
  note(`${files.ocsp}: another OCSP response`);
  return null;
}
