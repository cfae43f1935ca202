/** What is logged; see record.ts. */

import { expressionGroups } from './cases.ts';

/** The requests that are logged. */
export const lineRequests = expressionGroups.slice(1, 5);

/** Log-formats whose lines are recorded: those that print the same for the same request; see record.ts. */
export const lineFormats: readonly string[] = [
  '%HM|%HP|%HPO|%HQ|%HU|%HV|%r',
  '%{+Q}HM|%{+Q}HP|%{+Q}HPO|%{+Q}HQ|%{+Q}HU|%{+Q}HV|%{+Q}r',
  '%{+E}r|%{+Q,+E}r|%{+E}HU',
  '%hr|%hs|%hrl|%hsl',
  '%{+Q}hr|%{+Q}hs|%{+Q}hrl|%{+Q}hsl',
  '%{+E}hr|%{+Q,+E}hr|%{+E}hrl|%{+Q,+E}hrl',
  'a %hs %hs b %hr c',
  '%CC|%{+Q}CC|%{-M}CC|%CS',
  '%b|%s|%f|%ft|%bi|%bp|%si|%sp',
  '%{+Q}o %b %s %f %ST %ts %tsc %rc %ci %si %sp %bi %bp %{-Q}f',
  '%ci|%{+X}ci|%fi|%{+X}fi|%{+X}ST|%{+X}rc',
  '%ID|%{+Q}ID|%{-M}ID',
  'a  b   %% %[str(a b)]  %{+Q}[str(a\\"b)] %{+E}[str(x]\\"y)] %{+Q,+E}[str(x]y)]',
  '%[src]|%{+X}[int(255)]|%[int(-1)]|%[bool(true)]|%[var(txn.none)]|%{+Q}[var(txn.none)]|%{-M}[var(txn.none)]',
  '%ST|%sq/%bq|%rc|%ts|%tsc',
  '%sp|%{+Q}sp|%{-M}sp|%{+E}bp',
  '[%{+Q}CC] {%s}',
  '%hrl%hsl',
  '%{Q}HM|%{E}HU|%{+Q}HM%{Q}HM|%{+Q}o%{Q}HM %sslv %sslc %{-Q}sslv',
];
