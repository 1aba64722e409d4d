// What the server knows and does not change: examples, sites, packages; and who asks.
import { get, getOnce } from './api';
import type { Example, Examples, Health, Package, Session, Sites } from './types';

class Known {
  health = $state.raw<Health | null>(null);
  session = $state.raw<Session | null>(null);
  examples = $state.raw<Example[]>([]);
  sites = $state.raw<Sites>({ sites: [], criteria: [], areas: [] });
  packages = $state.raw<Package[]>([]);
  fault = $state.raw<unknown>(null);

  async load(): Promise<void> {
    try {
      this.session = await get<Session>('/session');
      const [health, examples, sites, packages] = await Promise.all([
        getOnce<Health>('/health'),
        getOnce<Examples>('/examples'),
        getOnce<Sites>('/sites'),
        getOnce<{ packages: Package[] }>('/packages'),
      ]);
      this.examples = examples.examples;
      this.sites = sites;
      this.packages = packages.packages;
      this.health = health;
    } catch (fault) {
      this.fault = fault;
    }
  }

  /** Whether several people use this server, each signed in. */
  get isShared(): boolean {
    return this.session?.required ?? false;
  }
  may(role: 'planner' | 'admin'): boolean {
    const own = this.session?.role;
    return own === 'admin' || own === role;
  }

  example(name: string): Example | undefined {
    return this.examples.find((example) => example.name === name);
  }
}

export const known = new Known();
