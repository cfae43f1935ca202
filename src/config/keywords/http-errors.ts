/** Keywords of `http-errors` sections (manual, section 3.8). */

import type { Draft } from '../draft.ts';
import type { HttpErrorsConfig } from '../types.ts';
import { parseErrorFile } from './errors.ts';
import { KeywordTable, works } from './table.ts';

type HttpErrors = Draft<HttpErrorsConfig>;

export const HTTP_ERRORS_KEYWORDS = new KeywordTable<HttpErrors>([
  works<HttpErrors>('errorfile', '<code> <file>', (line, section) => {
    const page = parseErrorFile(line);
    if (page !== null) section.files.push({ ...page, at: line.at });
  }),
]);
