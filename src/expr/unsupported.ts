/** Sample fetches of HAProxy that do not work here: they are refused by name. All its converters work. */

const names = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

export const UNSUPPORTED_FETCHES = names(`
  fcgi.docroot fcgi.index internal.htx.data internal.htx.free
  internal.htx.free_data internal.htx.has_eom internal.htx.nbblks internal.htx.size internal.htx.used
  internal.htx_blk.data internal.htx_blk.hdrname internal.htx_blk.hdrval internal.htx_blk.size
  internal.htx_blk.start_line internal.htx_blk.type spoe.engine-id
`);

const MESSAGES = 'it tells of how HAProxy keeps messages in memory';
const APPLICATIONS = 'applications are not spoken to by this protocol';

/** Why, where that is for good. */
export const UNSUPPORTED_REASONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...UNSUPPORTED_FETCHES].filter((name) => name.startsWith('internal.')).map((name) => [name, MESSAGES]),
  ),
  'fcgi.docroot': APPLICATIONS,
  'fcgi.index': APPLICATIONS,
  'spoe.engine-id': APPLICATIONS,
};
