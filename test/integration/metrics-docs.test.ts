import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Exposition } from '../support/exposition.js';
import { startTestHttp, type TestHttp } from '../support/http.js';

const FOLDER = path.resolve('docs/operations');
const METRIC = /\b(?:vedette|process|nodejs)_[a-z0-9_]+\b/g;

let http: TestHttp;
let exposed: Set<string>;

beforeAll(async () => {
  http = await startTestHttp([]);
  exposed = new Set(new Exposition((await http.request('GET', '/metrics')).body).names);
});

afterAll(() => http.close());

const read = (file: string): string => readFileSync(path.join(FOLDER, file), 'utf8');

/** The metrics that a text names. The series of a histogram count as the histogram. */
function metricsIn(text: string): string[] {
  const named = [...new Set(text.match(METRIC) ?? [])];
  return named.map((name) => (exposed.has(name) ? name : name.replace(/_(?:bucket|count|sum)$/, '')));
}

it.each(['README.md', 'prometheus-rules.yml', 'prometheus-rules.test.yml', 'grafana-dashboard.json'])(
  '%s names only metrics that are exposed',
  (file) => {
    const named = metricsIn(read(file));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !exposed.has(name))).toEqual([]);
  },
);

it('the guide explains every metric of Vedette', () => {
  const explained = new Set(metricsIn(read('README.md')));
  expect([...exposed].filter((name) => name.startsWith('vedette_') && !explained.has(name))).toEqual([]);
});

it('the guide explains every alert of the rules, and no other', () => {
  const alerts = [...read('prometheus-rules.yml').matchAll(/^\s*- alert: (\w+)$/gm)].map(([, name]) => name!);
  const headings = [...read('README.md').matchAll(/^### (Vedette\w+)$/gm)].map(([, name]) => name!);
  expect(headings.sort()).toEqual(alerts.sort());
});

it('the dashboard is valid for Grafana: panels have unique ids and a query, and do not overlap', () => {
  const { title, panels } = JSON.parse(read('grafana-dashboard.json')) as {
    title: string;
    panels: {
      id: number;
      type: string;
      targets?: { expr: string; refId: string }[];
      gridPos: { x: number; y: number; w: number; h: number };
    }[];
  };
  expect(title).toBe('Vedette');
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const panel of panels.filter(({ type }) => type !== 'row')) {
    expect(panel.targets?.every(({ expr }) => expr.includes('job=~"$job"'))).toBe(true);
  }
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
