/** One truck and one incident as the platform tells them; tests change what they are about. */
import type { Asset, Health, Incident } from '../src/shared/contract.ts';

export const now_ms = Date.UTC(2026, 6, 28, 2, 0, 0);

export function anAsset(changes: Partial<Asset> = {}): Asset {
  return {
    id: 'veh-0007', kind: 'truck', name: '大篷车 衢江02', site: 'quzhou', lon: 118.95, lat: 28.97, state: 'ok', heard_ms: now_ms - 20_000,
    zones: [
      { zone: 1, celsius: 3.4, at_ms: now_ms, low_celsius: 0, high_celsius: 8 },
      { zone: 2, celsius: -20, at_ms: now_ms, low_celsius: null, high_celsius: -18 },
    ],
    speed_kmh: 38, door_open: 0, open_incidents: 0, clock_offset_ms: 0, sale_locked: false, ...changes,
  };
}

export function anIncident(changes: Partial<Incident> = {}): Incident {
  return {
    id: 'a', asset: 'veh-0007', asset_name: '大篷车 衢江02', site: 'quzhou', zone: 1, hazard: 'temperature_high', condition: 'active',
    workflow: 'unack', severity: 'high', begin_ms: now_ms - 3_600_000, raised_ms: now_ms - 2_700_000, end_ms: null, peak_celsius: 11.4,
    limit_celsius: 8, unknown_s: 0, late: false, acked_by: null, acked_ms: null, note: null, merged_into: null,
    consequence: 'product', eta_ms: null, assignee: null, shelved_until_ms: null, shelved_by: null, shelved_reason: null, work_order: null,
    dispositions: [], closed_by: null, closed_ms: null, parent: null, sale_locked_ms: null, ...changes,
  };
}

export function aHealth(changes: Partial<Health> = {}): Health {
  return {
    status: 'ok', now_ms, speed: 1, devices: { registered: 119, connected: 119, seen: 119 }, ingest: { accepted: 1_000, dead_letters: 4 },
    consumers: [{ name: 'cold-chain-watch', seq: 1_000, lag: 3 }], broker: { connected: true },
    flow: { waiting: 12, oldest_waiting_s: 0.1, forwarder: null }, room: { free_bytes: 79e9, store_bytes: 2e9 }, problems: [], ...changes,
  };
}
