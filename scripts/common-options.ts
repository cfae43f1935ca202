import type { Option } from '../src/ops/operation.ts';
import { optionsOf } from '../src/ops/options.ts';
import { OPERATIONS } from '../src/ops/registry.ts';

/** Options that no operation has as its own. */
export function commonOptions(): Readonly<Record<string, Option>> {
  const all: Record<string, Option> = {};
  for (const operation of OPERATIONS)
    for (const [name, option] of Object.entries(optionsOf(operation)))
      if (!Object.hasOwn(operation.options, name)) all[name] = option;
  return all;
}
