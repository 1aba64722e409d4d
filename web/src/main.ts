import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import address from './data/japan.json?url';
import { drawFrom, type Ground } from './lib/ground';
import { language, learn } from './lib/ui.svelte';

await learn(language());
drawFrom(async () => (await (await fetch(address)).json()) as Ground);

mount(App, { target: document.getElementById('app')! });
