/** All converters, in the order of their names. */

import type { ConverterRow } from '../row.ts';
import { addressConverters } from './addresses.ts';
import { arithmeticConverters } from './arithmetic.ts';
import { binaryConverters } from './binary.ts';
import { cryptoConverters } from './crypto.ts';
import { databaseConverters } from './databases.ts';
import { dateConverters } from './dates.ts';
import { forwardedConverters } from './forwarded.ts';
import { hashConverters } from './hashing.ts';
import { jsonConverters } from './json.ts';
import { jweConverters } from './jwe.ts';
import { jwsConverters } from './jws.ts';
import { mapConverters } from './maps.ts';
import { packetConverters } from './packets.ts';
import { passingConverters } from './passing.ts';
import { protobufConverters } from './protobuf.ts';
import { protocolConverters } from './protocols.ts';
import { proxyConverters } from './proxies.ts';
import { stringConverters } from './strings.ts';
import { tableConverters } from './tables.ts';
import { variableConverters } from './variables.ts';

export const CONVERTERS: readonly ConverterRow[] = [
  ...addressConverters,
  ...arithmeticConverters,
  ...binaryConverters,
  ...cryptoConverters,
  ...databaseConverters,
  ...dateConverters,
  ...forwardedConverters,
  ...hashConverters,
  ...jsonConverters,
  ...jweConverters,
  ...jwsConverters,
  ...mapConverters,
  ...packetConverters,
  ...passingConverters,
  ...protobufConverters,
  ...protocolConverters,
  ...proxyConverters,
  ...stringConverters,
  ...tableConverters,
  ...variableConverters,
].sort((a, b) => (a.name < b.name ? -1 : 1));
