// Finds circles of folders: the files and subfolders of a folder must not import each other in a circle.
// dependency-cruiser finds circles of files only, and two folders can form a circle without one.
import path from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { root } from '../lib/prepare.mjs';

process.chdir(root);
const { options } = await extractConfig(path.join(root, '.dependency-cruiser.cjs'));
const { output } = await cruise(['src'], { ...options, outputType: undefined });
const imports = output.modules.flatMap(({ source, dependencies }) =>
  dependencies
    .filter(({ resolved }) => resolved.startsWith('src/'))
    .map(({ resolved }) => ({ from: source, to: resolved })),
);

const circles = [...graphsByFolder(imports)].flatMap(([folder, graph]) =>
  circlesOf(graph).map((circle) => ({ folder, circle, graph })),
);
for (const { folder, circle, graph } of circles) {
  console.error(`${folder}: ${[...circle, circle[0]].join(' -> ')}`);
  for (const [index, name] of circle.entries()) {
    const examples = graph.get(name).get(circle[(index + 1) % circle.length]);
    for (const { from, to } of examples.slice(0, 3)) console.error(`    ${from} imports ${to}`);
  }
}
process.exit(circles.length > 0 ? 1 : 0);

/** For each folder, a map from the name of a child to the children it imports, each with the imports behind it. */
function graphsByFolder(edges) {
  const graphs = new Map();
  for (const edge of edges) {
    const from = edge.from.split('/');
    const to = edge.to.split('/');
    let depth = 0;
    while (from[depth] === to[depth]) depth += 1;
    const graph = getOrAdd(graphs, from.slice(0, depth).join('/'), () => new Map());
    getOrAdd(graph, to[depth], () => new Map());
    getOrAdd(
      getOrAdd(graph, from[depth], () => new Map()),
      to[depth],
      () => [],
    ).push(edge);
  }
  return graphs;
}

/** Lists the shortest circle through each child, without duplicates. */
function circlesOf(graph) {
  const found = [];
  for (const start of graph.keys()) {
    if (found.some((circle) => circle.includes(start))) continue;
    const circle = shortestWayBack(graph, start);
    if (circle) found.push(circle);
  }
  return found;
}

function shortestWayBack(graph, start) {
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1)).keys()) {
      if (next === start) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

function getOrAdd(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}
