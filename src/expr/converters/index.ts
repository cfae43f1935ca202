/** All converters, in the order of their names. */

import type { ConverterRow } from '../row.ts';
import { stringConverters } from './strings.ts';

export const CONVERTERS: readonly ConverterRow[] = [...stringConverters].sort((a, b) => (a.name < b.name ? -1 : 1));
