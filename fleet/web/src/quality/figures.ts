/** Alarm quality in words: one row per figure, and whether it keeps to the targets of ISA-18.2 and EEMUA 191. */
import type { Quality } from '../shared/contract.ts';
import type { Messages } from '../shared/messages/zh.ts';
import { duration } from '../shared/time.ts';

export interface FigureRow {
  name: keyof Messages['quality']['figures'];
  label: string;
  value: string;
  /** null where no target is set. */
  good: boolean | null;
}

function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 1_000) / 10} %`;
}

function wait(seconds: number | null, t: Messages): string {
  return seconds === null ? '–' : duration(seconds * 1_000, t.time);
}

export function figureRows(quality: Quality, t: Messages): FigureRow[] {
  const { standing } = quality;
  const told: [FigureRow['name'], string, boolean | null][] = [
    ['annunciated', String(quality.annunciated), null],
    ['rate', quality.per_10_min.toFixed(2), quality.per_10_min <= 1],
    ['highest', String(quality.most_in_10_min), quality.most_in_10_min <= 10],
    ['flood', percent(quality.flood_share), quality.flood_share < 0.01],
    ['top', percent(quality.top_share), null],
    ['chattering', String(quality.chattering), quality.chattering === 0],
    ['late', String(quality.late), null],
    ['median', wait(quality.acknowledge_p50_s, t), null],
    ['tail', wait(quality.acknowledge_p95_s, t), null],
    ['unacknowledged', String(standing.unacknowledged), null],
    ['stale', String(standing.stale), standing.stale < 5],
    ['shelved', String(standing.shelved), null],
    ['outOfService', String(standing.out_of_service), null],
  ];
  return told.map(([name, value, good]) => ({ name, label: t.quality.figures[name], value, good }));
}
