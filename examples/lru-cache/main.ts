/** How well would a cache of this size do? Plays a list of requests and counts hits and misses. */
import { Lru } from "./lru.ts";

interface Outcome {
  hits: number;
  misses: number;
  left: string[];
}

export default function lruCache(requests: string[], capacity = 2): Outcome {
  const cache = new Lru<string, true>(capacity);
  let hits = 0;
  for (const request of requests) {
    if (cache.get(request)) hits++;
    else cache.set(request, true);
  }
  return { hits, misses: requests.length - hits, left: cache.keys() };
}
