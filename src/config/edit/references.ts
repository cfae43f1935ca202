/** What in the files depends on a server or a backend being there. */

import type { EditProblem } from './edit.ts';
import { type Files, locate, type Place } from './places.ts';
import type { ServerName } from './server-lines.ts';

/** The first line that names a server: `use-server`, `track`, a sample fetch such as `srv_is_up(app/app1)`; null when none does. */
export function serverReference(files: Files, place: Place, { backend, server }: ServerName): EditProblem | null {
  const full = `${backend}/${server}`;
  return firstLine(
    files,
    (words, inside) => {
      if (words[0] === 'use-server') return inside(place) && words[1] === server;
      if (isProxyLine(words)) return tracks(words, full, inside(place) ? server : null);
      return words.some((word) => argumentsOf(word).some((arg) => arg === full || (inside(place) && arg === server)));
    },
    `server '${server}' of backend '${backend}' is named by this line: change it first`,
  );
}

/** The first line of a server that takes its state from this one (`track`); null when none does. */
export function trackingReference(files: Files, place: Place, { backend, server }: ServerName): EditProblem | null {
  return firstLine(
    files,
    (words, inside) => isProxyLine(words) && tracks(words, `${backend}/${server}`, inside(place) ? server : null),
    `server '${server}' of backend '${backend}' is tracked by this line, which needs its checks: change it first`,
  );
}

function tracks(words: readonly string[], full: string, short: string | null): boolean {
  const tracked = words.indexOf('track') < 0 ? undefined : words[words.indexOf('track') + 1];
  return tracked !== undefined && (tracked === full || tracked === short);
}

/** The first line outside a backend that names it: `use_backend`, `default_backend`, `track`, a sample fetch; null when none does. */
export function backendReference(files: Files, place: Place): EditProblem | null {
  const { name } = place.section;
  return firstLine(
    files,
    (words, inside) => {
      if (inside(place)) return false;
      if (words[0] === 'use_backend' || words[0] === 'default_backend') return words[1] === name;
      const tracked = words.indexOf('track') < 0 ? undefined : words[words.indexOf('track') + 1];
      if (isProxyLine(words) && tracked?.startsWith(`${name}/`)) return true;
      const table = words.indexOf('table') < 0 ? undefined : words[words.indexOf('table') + 1];
      return (
        table === name ||
        words.some((word) => argumentsOf(word).some((arg) => arg === name || arg.startsWith(`${name}/`)))
      );
    },
    `backend '${name}' is named by this line: change it first`,
  );
}

function isProxyLine(words: readonly string[]): boolean {
  return ['server', 'server-template', 'default-server'].includes(words[0]!);
}

/** Arguments of the functions in a word: `{srv_conn(app/a1)`, `%[nbsrv(app)]`. */
function argumentsOf(word: string): string[] {
  return [...word.matchAll(/[A-Za-z_]\w*\(([^()]*)\)/g)].flatMap(([, args]) => args!.split(','));
}

function firstLine(
  files: Files,
  names: (words: readonly string[], inside: (place: Place) => boolean) => boolean,
  text: string,
): EditProblem | null {
  for (const [document, { lines }] of files.documents.entries()) {
    for (const [index, { words }] of lines.entries()) {
      const inside = ({ document: own, section }: Place) =>
        own === document && index >= section.start && index < section.end;
      if (words.length > 0 && names(words, inside)) return { at: locate(files, document, index), text };
    }
  }
  return null;
}
