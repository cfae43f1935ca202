import type { StickTableConfig } from '../config/types.ts';
import type { TableSource } from '../expr/tables.ts';

/** A table while a configuration is only compiled: nothing is looked up in it. */
export function supposedTable(config: StickTableConfig): TableSource {
  const nothing = () => {};
  const none = () => 0;
  return {
    ...{ config, used: 0, size: config.size, column: () => null },
    ...{ useKey: nothing, useKeyText: nothing, useKeyNumber: nothing, keyOf: () => new Uint8Array(0) },
    ...{ openKey: none, openOrMake: none, openEntry: nothing, close: nothing },
    ...{ get: none, set: nothing, add: nothing, touch: nothing, usesOf: none, expiresIn: none, idleFor: none },
  };
}
