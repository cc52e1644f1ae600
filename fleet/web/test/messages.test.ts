import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogues, chooseLanguage } from '../src/shared/messages/catalogues.ts';

type Tree = { readonly [key: string]: unknown };

function leaves(tree: Tree, path = ''): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [string, unknown][] =>
    typeof value === 'object' ? leaves(value as Tree, `${path}${key}.`) : [[path + key, value]],
  );
}

const zh = new Map(leaves(catalogues.zh as unknown as Tree));
const en = new Map(leaves(catalogues.en as unknown as Tree));

test('every Chinese sentence has an English one and the other way round', () => {
  assert.deepEqual([...en.keys()].sort(), [...zh.keys()].sort());
});

test('a sentence is plain in both languages or takes the same number of values in both', () => {
  for (const [key, sentence] of zh) {
    const other = en.get(key);
    assert.equal(typeof other, typeof sentence, key);
    if (typeof sentence === 'function') assert.equal((other as () => string).length, sentence.length, key);
  }
});

test('no sentence is empty and no English sentence holds Chinese signs but the name of the other language', () => {
  for (const [key, sentence] of [...zh, ...en]) if (typeof sentence === 'string') assert.notEqual(sentence.trim(), '', key);
  const mixed = [...en].filter(([, sentence]) => typeof sentence === 'string' && /\p{Script=Han}/u.test(sentence));
  assert.deepEqual(mixed.map(([key]) => key), ['language.other']);
});

test('Chinese comes first, the address wins over what was kept, and strange wishes mean Chinese', () => {
  assert.equal(chooseLanguage('', null), 'zh');
  assert.equal(chooseLanguage('', 'en'), 'en');
  assert.equal(chooseLanguage('?lang=en', 'zh'), 'en');
  assert.equal(chooseLanguage('?lang=zh', 'en'), 'zh');
  assert.equal(chooseLanguage('?lang=fr', null), 'zh');
});
