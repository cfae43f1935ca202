import type { Model } from '../../model/model.ts';
import { TlsAccounts } from '../../traffic/tls/accounts.ts';

/** Where TLS connections of the control thread (health checks, peers) are counted: in a row of its own. */
export function controlTlsAccounts({ counters, processSlot }: Model): TlsAccounts {
  return new TlsAccounts(counters.row(processSlot, counters.rows - 1), counters.gauges(processSlot), Date.now);
}
