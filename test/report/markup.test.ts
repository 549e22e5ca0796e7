import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { html, joined } from '../../src/report/html/markup.js';

test('a name can neither open a tag nor leave an attribute nor reorder the page', () => {
  assert.equal(
    html`<b title="${'"><script>'}">${"'&"}</b>`.markup,
    '<b title="&#34;&#62;&#60;script&#62;">&#39;&#38;</b>',
  );
  assert.equal(html`<i>${'\u202eevil\u0007'}</i>`.markup, '<i>\ufffdevil\ufffd</i>');
});

test('finished pieces are not escaped again', () => {
  assert.equal(
    html`<ul>${joined([html`<li>${'a<b'}</li>`, html`<li>${2}</li>`])}</ul>`.markup,
    '<ul><li>a&#60;b</li><li>2</li></ul>',
  );
});

test('no text survives with a character that HTML gives a meaning', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.doesNotMatch(html`${text}`.markup, /[<>"']/)));
});
