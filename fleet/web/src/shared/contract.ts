/** Shapes of the HTTP contract. Times are UTC milliseconds, temperatures degrees Celsius, speeds km/h. */
export type AssetKind = 'cabinet' | 'truck';
export type AssetState = 'ok' | 'alarm' | 'unknown' | 'offline';
export type Condition = 'normal' | 'active' | 'clearing' | 'unknown';
export type Workflow = 'unack' | 'acked' | 'closed';
export const roles = ['viewer', 'auditor', 'crew', 'dispatcher', 'manager', 'admin'] as const;
export type Role = (typeof roles)[number];

export interface SessionInfo {
  user: string;
  role: Role;
  permissions: string[];
  /** KIND:CODE; null is everything. */
  scope: string[] | null;
  csrf: string;
}

/** A browser in which one is signed in; real time. */
export interface OwnSession {
  id: string;
  created_ms: number;
  seen_ms: number;
  address: string;
  agent: string;
  current: boolean;
}

export interface ApiToken {
  id: string;
  name: string;
  role: Role;
  scope: string[] | null;
  created_ms: number;
  expires_ms: number;
  revoked_ms: number | null;
  used_ms: number | null;
}

export interface Person {
  id: string;
  name: string;
  role: Role;
  scope: string[] | null;
  active: boolean;
  created_ms: number;
}

/** Whether one may sign in at a provider; an empty label says nothing. */
export interface SignInOffer {
  available: boolean;
  label: string;
}

/** A deed in the audit log; real time. */
export interface AuditEntry {
  seq: number;
  at_ms: number;
  actor: string;
  action: string;
  object: string;
  outcome: 'done' | 'refused';
  data: Record<string, unknown>;
  hash: string;
}

export interface AuditPage {
  items: AuditEntry[];
  next: number | null;
}

/** The chain of the audit log, walked: `fault` names its first broken place. */
export interface AuditChain {
  entries: number;
  head: string;
  fault: string | null;
}

export interface Zone {
  zone: number;
  celsius: number | null;
  at_ms: number | null;
  low_celsius: number | null;
  high_celsius: number | null;
}

export interface Asset {
  id: string;
  kind: AssetKind;
  name: string;
  site: string;
  lon: number;
  lat: number;
  state: AssetState;
  heard_ms: number | null;
  zones: Zone[];
  speed_kmh: number | null;
  door_open: 0 | 1 | null;
  open_incidents: number;
  /** Added to the device's stamps; 0 while its clock is right. */
  clock_offset_ms: number;
  /** It was told not to sell, and did as told. */
  sale_locked: boolean;
}

/** Bounds are west, south, east, north in WGS-84 degrees. */
export interface Place {
  id: string;
  name: string;
  bounds: [number, number, number, number];
}

export interface MapAnswer {
  now_ms: number;
  speed: number;
  places: Place[];
  assets: Asset[];
}

export interface Incident {
  id: string;
  asset: string;
  asset_name: string;
  site: string;
  zone: number;
  hazard: string;
  condition: Condition;
  workflow: Workflow;
  severity: string;
  begin_ms: number;
  raised_ms: number;
  end_ms: number | null;
  peak_celsius: number | null;
  limit_celsius: number | null;
  unknown_s: number;
  late: boolean;
  acked_by: string | null;
  acked_ms: number | null;
  note: string | null;
  merged_into: string | null;
  /** `product` when goods were exposed: closing it needs a word on what becomes of them. */
  consequence: 'none' | 'product';
  eta_ms: number | null;
  assignee: string | null;
  /** May have passed: then it is not shelved any more. */
  shelved_until_ms: number | null;
  shelved_by: string | null;
  shelved_reason: string | null;
  work_order: string | null;
  dispositions: Disposition[];
  closed_by: string | null;
  closed_ms: number | null;
  /** The incident that this one follows from; people are told of that one. */
  parent: string | null;
  /** Since when it locks the sale of its cabinet; null when it does not, or was unlocked. */
  sale_locked_ms: number | null;
}

/** The newest word on a lot; the lot `*` is all of the zone that is not named. */
export interface Disposition {
  lot: string;
  decision: 'release' | 'inspect' | 'withdraw';
  note: string;
  by: string | null;
  at_ms: number;
}

export const queues = ['waiting', 'unacknowledged', 'mine', 'disposition', 'shelved', 'out_of_service', 'suppressed'] as const;
export type Queue = (typeof queues)[number];

export interface Inbox {
  now_ms: number;
  items: Incident[];
  next: string | null;
  counts: Record<Queue, number>;
  sites: string[];
}

/** What became of each incident of a bulk request. */
export interface Outcomes {
  items: { id: string; changed: boolean; incident: Incident | null; fault: { detail: string; remedy: string } | null }[];
}

/** Alarm quality of one period; shares are 0 to 1, null where nothing can be said. */
export interface Quality {
  annunciated: number;
  late: number;
  per_10_min: number;
  most_in_10_min: number;
  over_10_share: number;
  floods: number;
  flood_share: number;
  top: { asset: string; zone: number; hazard: string; count: number }[];
  top_share: number | null;
  chattering: number;
  shelvings: number;
  acknowledged: number;
  acknowledge_p50_s: number | null;
  acknowledge_p95_s: number | null;
  standing: { stale: number; shelved: number; out_of_service: number; unacknowledged: number; oldest_unacknowledged_ms: number | null };
}

export interface QualityReport {
  start_ms: number;
  end_ms: number;
  overall: Quality;
  operators: Record<string, Quality>;
}

export interface IncidentEvent {
  n: number;
  at_ms: number;
  kind: string;
  by: string | null;
  data: Record<string, unknown>;
}

export interface IncidentDetail extends Incident {
  /** The rule's sentence: what is wrong and what to do; null where no rule of today tells of it. */
  advice: { zh: string; en: string } | null;
  /** Minutes until the goods pass their limit as it looks now: p10, p50, p90; null: not in sight. */
  breach_min: (number | null)[] | null;
  events: IncidentEvent[];
}

export interface IncidentPage {
  items: Incident[];
  next: string | null;
}

export const commandNames = ['unlock', 'sale_lock', 'setpoint', 'price', 'voice'] as const;
export type CommandName = (typeof commandNames)[number];
export type CommandState = 'requested' | 'sent' | 'ok' | 'rejected' | 'failed' | 'expired' | 'timeout';

/** Something a device was told; `answer` is JSON as text. */
export interface Command {
  id: string;
  asset: string;
  name: CommandName;
  args: Record<string, unknown>;
  reason: string;
  by: string;
  state: CommandState;
  requested_ms: number;
  exp_ms: number;
  sent_ms: number | null;
  ended_ms: number | null;
  answer: string | null;
}

export interface CommandPage {
  items: Command[];
  next: string | null;
}

/** One window of readings: start, count, minimum, maximum, mean. */
export type ReadingWindow = [t0_ms: number, n: number, min: number, max: number, mean: number];

export interface Readings {
  metric: string;
  unit: string;
  windows: ReadingWindow[];
}

/** What waits where; real seconds. `forwarder` is null where there is no InfluxDB. */
export interface Flow {
  waiting: number;
  oldest_waiting_s: number | null;
  forwarder: { state: 'sending' | 'filling' | 'away' | 'stopped' | 'failed'; backlog: number; oldest_unsent_s: number | null } | null;
}

export interface Health {
  status: 'ok' | 'degraded';
  now_ms: number;
  speed: number;
  devices: { registered: number; connected: number; seen: number };
  ingest: Record<string, number>;
  consumers: { name: string; seq: number; lag: number }[];
  broker: { connected: boolean };
  flow: Flow | null;
  room: { free_bytes: number; store_bytes: number } | null;
  problems: string[];
}

/** A number, or null for no limit. */
export type PolicyValue = number | null;

/** A field of a policy that may be set, with its unit and limits. */
export interface PolicyField {
  name: string;
  unit: string;
  low: number;
  high: number;
  may_be_none: boolean;
  integral: boolean;
}

/** What a class, an asset or a zone says itself (`fields`), what holds under it, what comes of both. */
export interface PolicyLayer {
  target: string;
  version: number;
  whole_version: number;
  product_class: string;
  fields: Record<string, PolicyValue>;
  under: Record<string, PolicyValue>;
  whole: Record<string, PolicyValue>;
  source: string;
  zones: { asset: string; zone: number }[];
}

/** `whole_fields` are those of an asset as a whole (zone 0), by its kind. */
export interface PolicyList {
  fields: PolicyField[];
  whole_fields: Record<string, PolicyField[]>;
  classes: PolicyLayer[];
  wholes: PolicyLayer[];
  overrides: PolicyLayer[];
}

/** A version of a layer; `changes` are [before, after] by field, an empty text where nothing is said. */
export interface PolicyVersion {
  version: number;
  layer: 'shipped' | 'class' | 'asset' | 'zone';
  fields: Record<string, PolicyValue>;
  changes: Record<string, [PolicyValue | '', PolicyValue | '']>;
  source: string;
  note: string;
  by: string;
  at_ms: number;
  valid_from_ms: number;
  restores: number | null;
}

export interface TrialIncident {
  hazard: string;
  begin_ms: number;
  raised_ms: number;
  end_ms: number | null;
  peak_celsius: number | null;
}

/** What a change would have done to the last 24 hours of a zone. */
export interface PolicyTrial {
  on: { asset: string; zone: number } | null;
  from_ms: number;
  to_ms: number;
  readings: number;
  gained: TrialIncident[];
  lost: TrialIncident[];
  changed: [TrialIncident, TrialIncident][];
  same: number;
}
