/** Transactions, reloads, version and raw text of the configuration. */

import Type from 'typebox';
import { parseDocument } from '../../config/document.ts';
import { ApiError } from '../service/error.ts';
import { backupText } from '../store/backups.ts';
import { differenceText } from '../store/difference.ts';
import { stepText } from '../store/steps.ts';
import { versionMismatch } from '../store/transactions.ts';
import { problemError } from '../store/validation.ts';
import { versionOf } from '../store/version.ts';
import { type Call, type Operation, param, type Reply, TRANSACTION } from './operation.ts';
import { documentsFor } from './write.ts';

const BASE = '/services/haproxy';
const FORCE = param('force_reload', 'boolean', 'Where a reload is needed, it is made at once and its end waited for.');

type Plain = Pick<Operation, 'method' | 'path' | 'summary' | 'success' | 'run'> & Partial<Operation>;

function plain(group: string, rows: readonly Plain[]): Operation[] {
  return rows.map((row) => ({ group, query: [], body: null, answer: 'json', ...row }));
}

const STATUS = Type.String({ enum: ['in_progress', 'failed', 'outdated', 'success'] });
const ONE = Type.Object(
  { _version: Type.Integer(), id: Type.String(), status: STATUS },
  { additionalProperties: false },
);
const RELOAD = Type.Object(
  {
    id: Type.String(),
    status: Type.String({ enum: ['in_progress', 'succeeded', 'failed'] }),
    response: Type.Optional(Type.String({ description: 'What was told.' })),
    reload_timestamp: Type.Optional(Type.Integer({ description: 'Seconds since the epoch.' })),
  },
  { additionalProperties: false },
);
const PLAN = Type.Object(
  { effect: Type.String({ enum: ['none', 'live', 'reload', 'restart'] }), differences: Type.Array(Type.Unknown()) },
  { additionalProperties: false },
);

const TRANSACTIONS = plain('transactions', [
  {
    method: 'GET',
    path: `${BASE}/transactions`,
    summary: 'lists transactions',
    answer: { schema: Type.Array(ONE) },
    query: [param('status', 'string', 'Only those: in_progress, failed, outdated, success.')],
    success: [200],
    run: async ({ service, query }) => ({ status: 200, body: service.transactions.list(query.text('status')) }),
  },
  {
    method: 'POST',
    path: `${BASE}/transactions`,
    summary: 'begins a transaction',
    answer: { schema: ONE },
    query: [param('version', 'integer', 'The version that is in force.', true)],
    success: [201],
    run: async ({ service, query }) => {
      const version = query.number('version');
      if (version === null) throw new ApiError(400, 'version is missing in the query');
      return { status: 201, body: await service.transactions.begin(version) };
    },
  },
  {
    method: 'GET',
    path: `${BASE}/transactions/{id}`,
    summary: 'reads a transaction',
    answer: { schema: ONE },
    success: [200],
    run: async ({ service, path }) => ({ status: 200, body: service.transactions.find(path['id']!) }),
  },
  {
    method: 'PUT',
    path: `${BASE}/transactions/{id}`,
    summary: 'commits a transaction',
    answer: { schema: ONE },
    query: [FORCE],
    success: [200, 202],
    async run({ service, path, query, requester }) {
      const { transaction, reload } = await service.transactions.commit(
        path['id']!,
        requester,
        query.flag('force_reload'),
      );
      if (reload === null) return { status: 200, body: transaction };
      return { status: 202, body: transaction, headers: { 'reload-id': reload } };
    },
  },
  {
    method: 'DELETE',
    path: `${BASE}/transactions/{id}`,
    summary: 'drops a transaction',
    success: [204],
    answer: null,
    run: async ({ service, path }) => {
      await service.transactions.drop(path['id']!);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: `${BASE}/transactions/{id}/diff`,
    summary: 'tells the lines that a transaction changes',
    success: [200],
    answer: 'text',
    run: async ({ service, path }) => {
      const { base, documents, steps } = service.transactions.states(path['id']!);
      const besides = steps.map((step) => `+ ${stepText(step)}\n`);
      return { status: 200, text: `${differenceText(base, documents)}\n${besides.join('')}` };
    },
  },
  {
    method: 'GET',
    path: `${BASE}/transactions/{id}/plan`,
    summary: 'tells what it takes to commit a transaction: what is live, what a reload, what a restart',
    answer: { schema: PLAN },
    success: [200],
    run: async ({ service, path }) => {
      const { base, documents, steps } = service.transactions.states(path['id']!);
      const { effect, differences } = service.balancer.plan(base, documents);
      return { status: 200, body: { effect, differences, steps: steps.map(stepText) } };
    },
  },
]);

const RELOADS = plain('reloads', [
  {
    method: 'GET',
    path: `${BASE}/reloads`,
    summary: 'lists failed reloads, the last good one, and what waits',
    answer: { schema: Type.Array(RELOAD) },
    success: [200],
    run: async ({ service }) => ({ status: 200, body: service.commits.reloads.list() }),
  },
  {
    method: 'GET',
    path: `${BASE}/reloads/{id}`,
    summary: 'reads a reload',
    answer: { schema: RELOAD },
    success: [200],
    run: async ({ service, path }) => {
      const reload = service.commits.reloads.find(path['id']!);
      if (reload === null) throw new ApiError(404, `there is no reload '${path['id']}'`);
      return { status: 200, body: reload };
    },
  },
]);

const CONFIGURATION = plain('configuration', [
  {
    method: 'GET',
    path: `${BASE}/configuration/version`,
    summary: 'tells the version of the configuration',
    answer: { schema: Type.Integer() },
    query: [TRANSACTION],
    success: [200],
    run: async (call) => ({ status: 200, body: versionOf(await documentsFor(call)) }),
  },
  {
    method: 'GET',
    path: `${BASE}/configuration/raw`,
    summary: 'gives the text of the (first) configuration file',
    query: [TRANSACTION, param('version', 'integer', 'A version that was kept.')],
    success: [200],
    answer: 'text',
    async run(call) {
      const version = call.query.number('version');
      if (version !== null && call.query.text('transaction_id') !== null)
        throw new ApiError(400, 'version and transaction_id cannot both be given');
      const documents = await documentsFor(call);
      const headers = { 'configuration-checksum': call.service.commits.files.checksum };
      if (version === null || version === versionOf(documents))
        return { status: 200, text: documents[0]!.print(), headers };
      const text = await backupText(documents[0]!.name, call.service.settings.backups, version);
      if (text === null) throw new ApiError(404, `version ${version} was not kept`);
      return { status: 200, text };
    },
  },
  {
    method: 'POST',
    path: `${BASE}/configuration/raw`,
    summary: 'replaces the text of the (first) configuration file',
    query: [
      param('skip_version', 'boolean', 'Whatever version is in force; it stays.'),
      param('skip_reload', 'boolean', 'The file is written, nothing else done.'),
      param('only_validate', 'boolean', 'Nothing is written.'),
      param('version', 'integer', 'The version that is in force.'),
      FORCE,
    ],
    body: 'text',
    success: [201, 202],
    answer: 'text',
    run: postRaw,
  },
]);

async function postRaw(call: Call): Promise<Reply> {
  const { service, query, requester } = call;
  const text = call.body as string;
  if (!text.includes('\n')) throw new ApiError(400, 'the body is no configuration: it has no end of line');
  if (call.header('x-runtime-actions') !== undefined)
    throw new ApiError(400, 'X-Runtime-Actions is not supported: what can be put in force live is found out by itself');
  const version = query.number('version');
  const skipVersion = query.flag('skip_version');
  if (version === null && !skipVersion) throw new ApiError(400, 'version is missing in the query (or skip_version)');
  const { files } = service.commits;
  if (query.flag('only_validate')) {
    const before = await files.read();
    const wanted = files.withText(before, text);
    const problems = await service.balancer.check(wanted);
    if (problems.length > 0) throw problemError(problems, wanted, before);
    return { status: 202, text };
  }
  const { documents, reload } = await service.commits.run({
    requester,
    forceReload: query.flag('force_reload'),
    skipReload: query.flag('skip_reload'),
    keepVersion: skipVersion,
    edit: (before, now) => {
      if (!skipVersion && version !== now) throw versionMismatch(now, version!);
      return before.with(0, parseDocument(before[0]!.name, text));
    },
  });
  const written = documents[0]!.print();
  return reload === null
    ? { status: 201, text: written }
    : { status: 202, text: written, headers: { 'reload-id': reload } };
}

export const TRANSACTION_OPERATIONS: readonly Operation[] = [...TRANSACTIONS, ...RELOADS, ...CONFIGURATION];
