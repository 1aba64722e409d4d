// Whether there is room for the inputs beside the answer; else they follow it.
const query = typeof matchMedia === 'function' ? matchMedia('(min-width: 901px)') : null;
export const page = $state({ wide: query?.matches ?? true });
query?.addEventListener('change', (event) => (page.wide = event.matches));
