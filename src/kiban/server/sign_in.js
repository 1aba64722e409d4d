// The sign-in page: sends the token once, as JSON, and says what the server answers.
'use strict';
const form = document.getElementById('sign-in');
const leave = document.getElementById('sign-out');
const said = document.getElementById('said');
const japanese = document.documentElement.lang === 'ja';

async function ask(method, body) {
  const headers = body ? { 'Content-Type': 'application/json' } : {};
  const answer = await fetch('/api/v1/session', { method, headers, body: body && JSON.stringify(body) });
  if (answer.ok) return true;
  const problem = await answer.json().catch(() => ({}));
  said.textContent = (japanese ? problem.detail_ja : problem.detail) || `${answer.status}`;
  return false;
}

form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = form.elements.namedItem('token');
  const token = field.value.trim();
  field.value = '';
  if (token && (await ask('POST', { token }))) location.assign('/');
});

leave?.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (await ask('DELETE')) location.reload();
});
