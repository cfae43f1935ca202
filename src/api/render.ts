import type { Control } from '../control/types.ts';
import type { RenderedView, RenderRequest } from '../model/messages.ts';
import { htmlAnswer } from './answer.ts';
import { Lane } from './lane.ts';
import { renderPrometheus } from './prometheus/prometheus.ts';
import { renderStats } from './stats-page/stats-page.ts';

/** Pages and exports under way or waiting: each may be large, so they are made one after the other. */
const MOST = 16;

const lane = new Lane(MOST);

/** Answers a request to one of the services that only the control thread can answer. */
export async function render(control: Control, request: RenderRequest): Promise<RenderedView> {
  // An action is small, and must not wait behind exports.
  if (request.method === 'POST' && request.service === 'stats') return renderStats(control, request);
  if (lane.full) return htmlAnswer(503, '503 Service Unavailable', 'Too many such requests at once.');
  return lane.run(() =>
    request.service === 'prometheus' ? renderPrometheus(control, request) : renderStats(control, request),
  );
}
