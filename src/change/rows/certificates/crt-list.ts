import { type CrtStoreWords, crtStoreClash, crtStoreSettings, namesFiles } from '../../../config/crt-store-words.ts';
import { optionsText, parseCrtListLine } from '../../../model/certificates/crt-list-line.ts';
import { addEntry, dropEntry } from '../../../model/certificates/edits.ts';
import { bindView, certificateUses } from '../../../model/certificates/make-views.ts';
import type { StoredBind, StoredCertificate, StoredEntry, StoredList } from '../../../model/certificates/store.ts';
import type { Model } from '../../../model/model.ts';
import type { ChangeOf } from '../../change.ts';
import { done, type Problem, problem, type Row } from '../../context.ts';

type Add = ChangeOf<'crt-list.add'>;
type Del = ChangeOf<'crt-list.del'>;

const entriesTold = (count: number) => `${count} ${count === 1 ? 'entry' : 'entries'}`;

function countOf({ list, certificate }: Add | Del, { certificates }: Model): number {
  return certificates.lists.get(list)!.entries.filter((entry) => entry.certificate === certificate).length;
}

function lineOf({ certificate, options, filters }: Add): string {
  return [certificate, options, ...filters].filter((word) => word !== '').join(' ');
}

function parsed(change: Add, { config, certificates }: Model): Omit<StoredEntry, 'id' | 'line'> | Problem {
  const line = parseCrtListLine(lineOf(change), 'CLI:1', config.global.caBase);
  if (line === null) return problem("'add ssl crtlist' should contain the certificate name in the payload");
  if ('error' in line) return problem(line.error);
  const { options } = line;
  const files = [
    ['ca', options?.caFile],
    ['ca', options?.caVerifyFile],
    ['crl', options?.crlFile],
  ] as const;
  const absent = files.find(([kind, path]) => path != null && certificates.trust(kind, path) === null);
  if (absent !== undefined) return problem(`unable to load ${absent[1]}`);
  const { warning: _, inert: _inert, ...entry } = line;
  return entry;
}

/** `add ssl crt-list`: behind all other lines. */
export const crtListAdd: Row<Add> = {
  validate(change, { model }) {
    const { list, certificate } = change;
    const { certificates } = model;
    const found = certificates.lists.get(list);
    if (found === undefined) return problem(`crt-list '${list}' does not exist!`);
    if (/[\n\r\0]/.test(lineOf(change))) return problem('only one line of payload is supported!');
    const entry = parsed(change, model);
    if ('text' in entry) return entry;
    if (found.folder && certificate.slice(0, Math.max(0, certificate.lastIndexOf('/'))) !== list)
      return problem(`'${list}' is a directory, certificate path '${certificate}' must contain the directory path`);
    const stored = certificates.certificates.get(certificate);
    if (stored === undefined) return problem(`certificate '${certificate}' does not exist!`);
    if (stored.content === null) return problem(`certificate '${certificate}' is empty!`);
    const clash = certificateUses(certificates, stored.path) === 0 ? null : crtStoreClash(stored, entry.words);
    if (clash !== null)
      return problem(`'${certificate}' is already instantiated with incompatible parameters:\n ${clash}`);
    if (!found.folder) return null;
    if (found.entries.some((one) => one.certificate === certificate))
      return problem('file already exists in this directory!');
    return entry.options !== null || entry.filters.length > 0 || Object.keys(entry.words).length > 0
      ? problem('this is a directory, SSL configuration, crt-store keywords and filters are not allowed')
      : null;
  },
  preview(change, { model }) {
    const count = countOf(change, model);
    return { before: entriesTold(count), after: entriesTold(count + 1) };
  },
  async apply(change, { model, traffic }) {
    const { certificates } = model;
    const entry = parsed(change, model) as Omit<StoredEntry, 'id' | 'line'>;
    const { list, certificate, at = null } = change;
    takeWords(entry.words, certificates.certificates.get(certificate)!, model);
    const before = certificates.lists.get(list)!;
    await traffic.ask({ kind: 'tls', update: addEntry(certificates, before, entry, at) });
    return done({ kind: 'crt-list.del', list, certificate, line: at ?? before.lines + 1 });
  },
};

/**
 * What the first line says of a certificate that nothing uses yet: where it is to be kept, too. No file is read: what is in memory is
 * what is shown.
 */
function takeWords(words: CrtStoreWords, stored: StoredCertificate, { certificates, config: { global } }: Model): void {
  if (certificateUses(certificates, stored.path) > 0) return;
  const { key, ocsp, issuer, sctl, ocspUpdate } = crtStoreSettings(words, {
    crtBase: global.crtBase,
    keyBase: global.tls.keyBase,
  });
  const files = namesFiles(words) ? { crt: stored.path, key, ocsp, issuer, sctl } : null;
  certificates.certificates.set(stored.path, {
    ...{ ...stored, words, inStore: false, ocspUpdate: ocspUpdate ?? stored.ocspUpdate },
    ...(files === null ? {} : { files, shown: files }),
    ...(words.jwt === undefined ? {} : { jwt: words.jwt === 'on' }),
  });
}

/** The entries of a crt-list that a Change may mean. */
function candidates({ list, certificate }: Del, { certificates }: Model): readonly StoredEntry[] {
  return certificates.lists.get(list)!.entries.filter((entry) => entry.certificate === certificate);
}

function meant(change: Del, model: Model): StoredEntry | Problem {
  const { certificate, line } = change;
  const all = candidates(change, model);
  const lines = all.map((entry) => entry.line).join(', ');
  if (line === null && all.length > 1)
    return problem(
      `found the certificate '${certificate}' in several entries, please specify a line number preceded by colons (${lines})!`,
    );
  return (
    all.find((entry) => line === null || entry.line === line) ??
    problem(
      `found a certificate '${certificate}' but the line number is incorrect, please specify a correct line number preceded by colons (${lines})!`,
    )
  );
}

/** `del ssl crt-list`: a line that no `bind` shows where no name fits. */
export const crtListDel: Row<Del> = {
  validate(change, { model }) {
    const { list, certificate } = change;
    const { certificates } = model;
    if (!certificates.lists.has(list)) return problem(`crt-list '${list}' does not exist!`);
    const stored = certificates.certificates.get(certificate);
    if (stored === undefined) return problem(`certificate '${certificate}' does not exist!`);
    if (stored.content === null) return problem(`certificate '${certificate}' is empty!`);
    if (candidates(change, model).length === 0)
      return problem(`certificate '${certificate}' can't be found in crt-list '${list}'!`);
    const entry = meant(change, model);
    if ('text' in entry) return entry;
    const defaults = defaultFor(entry, model);
    return defaults.length === 0
      ? null
      : problem(
          `certificate '${certificate}' cannot be deleted, it is used as default certificate by the following frontends:\n${defaults.map(({ at }) => `\t- ${at.file}:${at.line}\n`).join('')}`,
        );
  },
  preview(change, { model }) {
    const count = countOf(change, model);
    return { before: entriesTold(count), after: entriesTold(count - 1) };
  },
  async apply(change, { model, traffic }) {
    const { list, certificate } = change;
    const entry = meant(change, model) as StoredEntry;
    const { options, words, filters, line } = entry;
    const before: StoredList = model.certificates.lists.get(list)!;
    await traffic.ask({ kind: 'tls', update: dropEntry(model.certificates, before, entry) });
    const inverse = {
      ...({ kind: 'crt-list.add', list, certificate, filters, at: line } as const),
      options: optionsText({ options, words }).replaceAll('\0', ''),
    };
    return done(inverse, `Entry '${certificate}' deleted in crtlist '${list}'!`, 5);
  },
};

/** The bind lines that show an entry where no name fits. */
function defaultFor({ id }: StoredEntry, { certificates }: Model): StoredBind[] {
  return [...certificates.binds.values()].filter(
    (bind) => !bind.strictSni && bindView(certificates, bind).defaults.some((entry) => entry.id === id),
  );
}
