import type { Override } from '../../change/journal/journal.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import { findBackend, findFrontend, findServer } from '../find.ts';
import { serverKind, textKind } from '../kinds.ts';
import { reading, type Situation } from '../operation.ts';
import type { ServerState, TargetState } from '../state.ts';
import type { Layers } from '../target.ts';
import { durationText, table } from '../text.ts';
import { whoText, whyText } from './journal-text.ts';

export const show = reading({
  name: 'show',
  group: 'looking',
  summary: 'what an object is set to, what the file says, and who set it over the file',
  parameters: {
    object: {
      kind: textKind('OBJECT', '`BACKEND/SERVER`, a backend, a frontend, `global`', 'servers'),
      about: 'which',
    },
  },
  options: {},
  about: [
    'An attribute has up to three layers: what the file says, what somebody set over it (an override), and what holds now.',
    'On HAProxy the file is known as far as HAProxy tells it, and where an override noted what was there before.',
  ],
  examples: [{ command: 'show be_app/app1', about: '`weight 20 (override by anna, 3h ago, "canary"; file says 100)`' }],
  page: 'undo.md',
  async show({ object }, situation) {
    const layers = await layersOf(object, situation);
    return {
      records: layers.map((layer) => ({ type: 'attribute', object, ...layer })),
      lines: table(layers.map((layer) => [layer.attribute, layer.live, provenance(layer)].map(shown))),
    };
  },
});

async function layersOf(object: string, { target, state }: Situation): Promise<readonly Layers[]> {
  const told = await target.layers(object);
  if (told.length > 0) return told;
  const own = fromState(object, state);
  const overrides = (await target.ledger.overrides()).filter((override) => override.object === object);
  return own.map((layer) => withOverride(layer, overrides));
}

/** What a HAProxy tells of the object: what can be set, and what its file says where it tells that. */
function fromState(object: string, state: TargetState): readonly Layers[] {
  if (object === 'global') return [layer('maxconn', String(state.info.maxconn), null)];
  if (object.includes('/')) return serverLayers(findServer(state, serverKind.parse(object)));
  if (state.frontends.some(({ name }) => name === object)) {
    const frontend = findFrontend(state, object);
    return [layer('state', frontend.status, null), layer('maxconn', String(frontend.maxconn), null)];
  }
  const { status } = findBackend(state, object);
  if (status === '') throw new OperationError('unknown', `nothing is known of '${object}'`);
  return [layer('state', status, null)];
}

function serverLayers({ admin, weight, fileWeight, maxconn, address, port }: ServerState): readonly Layers[] {
  return [
    layer('state', admin, null),
    layer('weight', String(weight), String(fileWeight)),
    layer('maxconn', String(maxconn), null),
    layer('addr', `${address}:${port}`, null),
  ];
}

function layer(attribute: string, live: string, file: string | null): Layers {
  return { attribute, live, file, override: null };
}

function withOverride(layer: Layers, overrides: readonly Override[]): Layers {
  const override = overrides.find(({ attribute }) => attribute === layer.attribute) ?? null;
  return { ...layer, override, file: layer.file ?? override?.file ?? null };
}

/** `(override by anna, 3h ago, canary; file says 100)` */
function provenance({ live, file, override }: Layers): string {
  if (override !== null) {
    const { origin, date, until } = override;
    const why = whyText(origin) === '' ? '' : `, "${whyText(origin)}"`;
    const end = until === null ? '' : `; ends in ${durationText(Math.max(0, until - Date.now()))}`;
    const says = `; file says ${file ?? override.file}`;
    return `(override by ${whoText(origin)}, ${durationText(Date.now() - date)} ago${why}${says}${end})`;
  }
  if (file === null) return '';
  return file === live ? '(file)' : `(live; file says ${file})`;
}
