/** What files and memory have in common, to compare them. */

import assert from 'node:assert/strict';
import { type Document, parseDocument } from '../../src/config/document.ts';
import { loadConfig } from '../../src/config/load.ts';
import { buildModel } from '../../src/control/build.ts';
import type { Model } from '../../src/model/model.ts';
import { CheckState, inMaint } from '../../src/model/server.ts';

/** A text as the only file of a configuration. */
export function documentsOf(text: string): Document[] {
  return [parseDocument('haproxy.cfg', text)];
}

/** The model that files make when they are loaded. */
export function modelOf(documents: readonly Document[]): Model {
  const { config, diagnostics } = loadConfig({
    texts: documents.map((document) => ({ name: document.name, text: document.print() })),
    env: {},
  });
  assert.ok(config, diagnostics.map(({ text }) => text).join('\n'));
  return buildModel(config, 1, 0);
}

/** What files can say of a model. */
export function durable(model: Model): unknown {
  return {
    // The hard limit is fixed at start: only the file has it then.
    limits: { ...model.limits, hardMaxconn: 0 },
    proxies: model.proxies.map((proxy) => ({
      name: proxy.name,
      running: proxy.state === 'ready',
      maxconn: proxy.maxconn,
      cookie: [proxy.dynamicCookie, proxy.dynamicCookieKey],
      servers: proxy.servers.map((server) => ({
        name: server.name,
        maint: inMaint(server),
        weight: server.userWeight,
        maxconn: server.maxconn,
        address: [server.host, server.port, server.portMap, server.family],
        checked: [server.check, server.agent].map(
          (check) => check !== null && (check.state & CheckState.enabled) !== 0,
        ),
        backup: server.config.backup,
        times: [server.checkConfig?.inter, server.checkConfig?.rise, server.checkConfig?.fall],
        check: [server.checkConfig?.addr, server.checkConfig?.port],
        agent: [server.agentConfig?.addr, server.agentConfig?.port, server.agentConfig?.send ?? ''],
      })),
    })),
  };
}
