/**
 * What a heap snapshot of V8 holds, summed: by constructor, and by the way on which it is retained (the dominator tree,
 * with all nodes of one name in one place merged).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const snapshotSchema = z.object({
  snapshot: z.object({
    meta: z.object({
      node_fields: z.array(z.string()),
      node_types: z.array(z.union([z.array(z.string()), z.string()])),
      edge_fields: z.array(z.string()),
      edge_types: z.array(z.union([z.array(z.string()), z.string()])),
    }),
  }),
  nodes: z.custom<number[]>(Array.isArray),
  edges: z.custom<number[]>(Array.isArray),
  strings: z.custom<string[]>(Array.isArray),
});

export interface Sum {
  readonly count: number;
  readonly bytes: number;
}

export interface Heap {
  /** Self sizes. */
  readonly byName: ReadonlyMap<string, Sum>;
  /** Retained sizes, keyed by the names from the root on, joined by ` › `. */
  readonly byWay: ReadonlyMap<string, Sum>;
}

interface Graph {
  readonly names: readonly string[];
  readonly sizes: Float64Array;
  /** The edges of node n are those from `first[n]` to before `first[n + 1]`. */
  readonly first: Uint32Array;
  readonly targets: Uint32Array;
}

const DEEPEST = 9;

export function readHeap(file: string): Heap {
  const graph = readGraph(file);
  const dominator = dominatorsOf(graph);
  return { byName: sumByName(graph), byWay: sumByWay(graph, dominator) };
}

function readGraph(file: string): Graph {
  const { snapshot, nodes, edges, strings } = snapshotSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const { node_fields: fields, node_types: types, edge_fields: edgeFields, edge_types: edgeTypes } = snapshot.meta;
  const [type, name, size, edgeCount] = ['type', 'name', 'self_size', 'edge_count'].map((one) => fields.indexOf(one));
  const [edgeType, target] = ['type', 'to_node'].map((one) => edgeFields.indexOf(one));
  if (type === undefined || name === undefined || size === undefined || edgeCount === undefined) throw new Error(file);
  if (edgeType === undefined || target === undefined) throw new Error(file);
  const [typeNames, edgeTypeNames] = [types[type] ?? [], edgeTypes[edgeType] ?? []];
  const weak = edgeTypeNames.indexOf('weak');
  const count = nodes.length / fields.length;
  const names: string[] = [];
  const sizes = new Float64Array(count);
  const first = new Uint32Array(count + 1);
  const targets: number[] = [];
  let edge = 0;
  for (let node = 0; node < count; node += 1) {
    const at = node * fields.length;
    names.push(nameOf(typeNames[nodes[at + type] ?? 0] ?? '', strings[nodes[at + name] ?? 0] ?? ''));
    sizes[node] = nodes[at + size] ?? 0;
    for (let left = nodes[at + edgeCount] ?? 0; left > 0; left -= 1, edge += edgeFields.length)
      if (edges[edge + edgeType] !== weak) targets.push((edges[edge + target] ?? 0) / fields.length);
    first[node + 1] = targets.length;
  }
  return { names, sizes, first, targets: Uint32Array.from(targets) };
}

/** Strings and numbers have their own text as a name, which is no kind. */
function nameOf(type: string, name: string): string {
  if (type === 'object' || type === 'native' || type === 'synthetic' || type === 'hidden') return name || `(${type})`;
  if (type === 'closure') return `function ${name}`;
  return type === 'code' || type === 'array' || type === 'object shape' ? `(${type}) ${name}`.trim() : `(${type})`;
}

/** The immediate dominator of each node (Cooper, Harvey and Kennedy); of the root and what is not reached: the root. */
function dominatorsOf({ first, targets }: Graph): { readonly order: Uint32Array; readonly parent: Uint32Array } {
  const { postOrder, number } = visit(first, targets);
  const { first: firstIn, sources } = invert(first, targets);
  const UNKNOWN = 0xffffffff;
  const parent = new Uint32Array(number.length).fill(UNKNOWN);
  parent[0] = 0;
  const meet = (one: number, other: number): number => {
    let [a, b] = [one, other];
    while (a !== b) {
      while ((number[a] ?? 0) < (number[b] ?? 0)) a = parent[a] ?? 0;
      while ((number[b] ?? 0) < (number[a] ?? 0)) b = parent[b] ?? 0;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let at = postOrder.length - 2; at >= 0; at -= 1) {
      const node = postOrder[at] ?? 0;
      let best = UNKNOWN;
      for (let index = firstIn[node] ?? 0; index < (firstIn[node + 1] ?? 0); index += 1) {
        const source = sources[index] ?? 0;
        if (parent[source] === UNKNOWN) continue;
        best = best === UNKNOWN ? source : meet(best, source);
      }
      if (parent[node] === best) continue;
      parent[node] = best;
      changed = true;
    }
  }
  return { order: postOrder, parent };
}

/** The nodes that the root reaches, each after those that it leads to; and the place of each. */
function visit(first: Uint32Array, targets: Uint32Array) {
  const count = first.length - 1;
  const seen = new Uint8Array(count);
  const next = Uint32Array.from(first);
  const number = new Int32Array(count).fill(-1);
  const postOrder = new Uint32Array(count);
  const stack = [0];
  let placed = 0;
  seen[0] = 1;
  while (stack.length > 0) {
    const node = stack.at(-1) ?? 0;
    const at = next[node] ?? 0;
    if (at < (first[node + 1] ?? 0)) {
      next[node] = at + 1;
      const target = targets[at] ?? 0;
      if (seen[target]) continue;
      seen[target] = 1;
      stack.push(target);
    } else {
      stack.pop();
      number[node] = placed;
      postOrder[placed] = node;
      placed += 1;
    }
  }
  return { postOrder: postOrder.subarray(0, placed), number };
}

function invert(first: Uint32Array, targets: Uint32Array) {
  const count = first.length - 1;
  const into = new Uint32Array(count + 1);
  for (const target of targets) into[target + 1] = (into[target + 1] ?? 0) + 1;
  for (let node = 0; node < count; node += 1) into[node + 1] = (into[node + 1] ?? 0) + (into[node] ?? 0);
  const place = Uint32Array.from(into);
  const sources = new Uint32Array(targets.length);
  for (let node = 0; node < count; node += 1)
    for (let at = first[node] ?? 0; at < (first[node + 1] ?? 0); at += 1) {
      const target = targets[at] ?? 0;
      const free = place[target] ?? 0;
      sources[free] = node;
      place[target] = free + 1;
    }
  return { first: into, sources };
}

function add(sums: Map<string, Sum>, key: string, bytes: number): void {
  const { count, bytes: before } = sums.get(key) ?? { count: 0, bytes: 0 };
  sums.set(key, { count: count + 1, bytes: before + bytes });
}

function sumByName({ names, sizes }: Graph): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  names.forEach((name, node) => add(sums, name, sizes[node] ?? 0));
  return sums;
}

function sumByWay({ names, sizes }: Graph, { order, parent }: ReturnType<typeof dominatorsOf>): Map<string, Sum> {
  const retained = Float64Array.from(sizes);
  // Each node stands before the one that dominates it.
  for (const node of order)
    if (node !== 0) retained[parent[node] ?? 0] = (retained[parent[node] ?? 0] ?? 0) + (retained[node] ?? 0);
  const sums = new Map<string, Sum>();
  const ways: (string | undefined)[] = [];
  const depths = new Uint16Array(names.length);
  for (const node of order.toReversed()) {
    const above = parent[node] ?? 0;
    const depth = node === 0 ? 0 : (depths[above] ?? 0) + 1;
    depths[node] = depth;
    if (node === 0 || depth > DEEPEST) continue;
    const way = above === 0 ? (names[node] ?? '') : `${ways[above] ?? ''} › ${names[node] ?? ''}`;
    ways[node] = way;
    add(sums, way, retained[node] ?? 0);
  }
  return sums;
}

/** What has grown between two heaps, per order; the largest first. */
export function growth(before: ReadonlyMap<string, Sum>, after: ReadonlyMap<string, Sum>, orders: number) {
  return [...after]
    .map(([name, { count, bytes }]) => {
      const old = before.get(name) ?? { count: 0, bytes: 0 };
      return { name, count: (count - old.count) / orders, bytes: (bytes - old.bytes) / orders };
    })
    .sort((one, other) => other.bytes - one.bytes);
}
