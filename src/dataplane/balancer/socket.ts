import { problemText } from '../../config/edit/edit.ts';
import { readSources } from '../../config/edit/source.ts';
import { attributesOf } from '../edit/attributes.ts';
import { sectionsOf } from '../edit/sections.ts';
import { sectionKind } from '../kinds/sections.ts';

interface Api {
  readonly address?: string;
  readonly level?: string;
}

/** The socket with all rights that the configuration opens (`stats socket ... level admin`). Throws when there is none. */
export async function managedSocket(files: readonly string[]): Promise<string> {
  const sources = await readSources(files);
  if ('text' in sources) throw new Error(problemText(sources));
  const documents = sources.map(({ document }) => document);
  const kind = sectionKind('global')!;
  const sockets = sectionsOf(documents, kind).flatMap(
    (found) => (attributesOf(kind, documents, found)['runtime_apis'] ?? []) as readonly Api[],
  );
  const found = sockets.find(({ level }) => level === 'admin')?.address;
  if (found === undefined)
    throw new Error(
      `${files.join(', ')}: there is no 'stats socket' with 'level admin' in 'global'; set haproxy.master_runtime`,
    );
  return found.replace(/^(unix|ipv4|ipv6)@/, '');
}
