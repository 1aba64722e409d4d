// What the server knows and does not change: examples, sites, what works.
import { getOnce } from './api';
import type { Example, Health, Package, Sites } from './types';

class Known {
  health = $state.raw<Health | null>(null);
  examples = $state.raw<Example[]>([]);
  sites = $state.raw<Sites>({ sites: [], criteria: [] });
  packages = $state.raw<Package[]>([]);
  fault = $state.raw<unknown>(null);

  async load(): Promise<void> {
    try {
      const [health, examples, sites] = await Promise.all([
        getOnce<Health>('/health'),
        getOnce<{ examples: Example[] }>('/examples'),
        getOnce<Sites>('/sites'),
      ]);
      this.examples = examples.examples;
      this.sites = sites;
      if (health.features.packages) this.packages = (await getOnce<{ packages: Package[] }>('/packages')).packages;
      this.health = health;
    } catch (fault) {
      this.fault = fault;
    }
  }

  example(name: string): Example | undefined {
    return this.examples.find((example) => example.name === name);
  }

  has(feature: string): boolean {
    if (feature === 'pay') return this.health?.features.pay === true && this.packages.length > 0;
    return this.health?.features[feature] ?? feature === 'compare';
  }
}

export const known = new Known();
