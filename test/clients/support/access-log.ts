/** One line of the server's access log. */
export interface Served {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
}

export interface AccessLog {
  /** Takes what the server says on stderr, as it comes. */
  hear(text: string): void;
  /** What is served while the work is done, by the server at this origin. */
  during(origin: string, work: () => Promise<unknown>): Promise<readonly Served[]>;
}

/** Reads the access log of a server that writes JSON. */
export function accessLog(): AccessLog {
  const served: Served[] = [];
  const awaited = new Map<string, () => void>();
  let marks = 0;
  let rest = '';

  /** A request of ours that the log must have: what was answered before it is in the log, too, then. */
  async function mark(origin: string): Promise<number> {
    const path = `/v2/mark-${marks++}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    awaited.set(path, resolve);
    await (await fetch(origin + path)).arrayBuffer();
    await promise;
    return served.length;
  }

  return {
    hear(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const { method, path, status } of lines.flatMap(parse)) {
        const heard = awaited.get(path);
        awaited.delete(path);
        if (heard === undefined) served.push({ method, path, status });
        else heard();
      }
    },
    async during(origin, work) {
      const from = await mark(origin);
      await work();
      return served.slice(from, await mark(origin));
    },
  };
}

function parse(line: string): Served[] {
  if (!line.startsWith('{')) return [];
  const entry = JSON.parse(line);
  return typeof entry.path === 'string' && typeof entry.method === 'string' ? [entry] : [];
}

/**
 * How the blobs of a repository came: by mounts, or by uploads. A POST that is answered with 201 is a mount, for a client
 * that sends blobs in requests of their own, as all of these do.
 */
export function arrivals(served: readonly Served[], repository: string): { mounted: number; uploaded: number } {
  const count = (method: string, path: RegExp) =>
    served.filter((request) => request.method === method && request.status === 201 && path.test(request.path)).length;
  const uploads = `^/v2/${repository}/blobs/uploads/`;
  return { mounted: count('POST', new RegExp(`${uploads}$`)), uploaded: count('PUT', new RegExp(`${uploads}.`)) };
}
