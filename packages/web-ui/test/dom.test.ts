import { expect } from 'chai';
import { h } from '../src/dom.ts';
import { morph } from '../src/morph.ts';
import { useDom } from './support/dom.ts';

const box = (...children: Parameters<typeof h>[2][]): HTMLElement => h('div', null, ...children);

describe('h', () => {
  useDom();

  it('sets text as text, never as markup', () => {
    const node = h('p', null, '<img src=x onerror=alert(1)>');
    expect(node.childNodes).to.have.length(1);
    expect(node.textContent).to.equal('<img src=x onerror=alert(1)>');
  });

  it('leaves out what is false or null, children and attributes alike', () => {
    const node = h('button', { disabled: false, title: null, hidden: true, 'data-n': 0 }, false, null, undefined, 0, ['a', ['b']]);
    expect(node.getAttributeNames().sort()).to.deep.equal(['data-n', 'hidden']);
    expect(node.textContent).to.equal('0ab');
  });

  it('sets CSS variables through the CSSOM', () => {
    expect(h('span', { vars: { '--share': '40%' } }).style.getPropertyValue('--share')).to.equal('40%');
  });
});

describe('morph', () => {
  useDom();

  it('keeps nodes, and with them what the reader typed', () => {
    const root = box(h('input', { type: 'text', value: 'first' }), h('p', null, 'old'));
    const [input] = root.children;
    (input as HTMLInputElement).value = 'typed';
    morph(root, [h('input', { type: 'text', value: 'first', class: 'wide' }), h('p', null, 'new')]);
    expect(root.children[0]).to.equal(input);
    expect((input as HTMLInputElement).value).to.equal('typed');
    expect([input?.className, root.textContent]).to.deep.equal(['wide', 'new']);
  });

  it('moves keyed nodes instead of rewriting them', () => {
    const item = (key: string) => h('li', { key }, key);
    const root = h('ul', null, item('a'), item('b'), item('c'));
    const [a, b, c] = root.children;
    morph(root, [item('c'), item('x'), item('a')]);
    expect([...root.children].map(({ textContent }) => textContent)).to.deep.equal(['c', 'x', 'a']);
    expect([root.children[0], root.children[2]]).to.deep.equal([c, a]);
    expect(b?.isConnected).to.equal(false);
  });

  it('keeps the unkeyed nodes behind a keyed one that goes', () => {
    const root = box(h('p', { key: 'banner' }, 'gone soon'), h('main', null, 'stays'));
    const main = root.children[1];
    morph(root, [h('main', null, 'stays')]);
    expect([...root.children]).to.deep.equal([main]);
  });

  it('moves what is around the focus, not what has it', () => {
    const parent = document.createElement('div');
    document.body.append(parent);
    morph(parent, [h('p', null, 'once'), h('p', null, 'twice'), h('section', { key: 'a' }, h('button', null, 'here')), h('i', null)]);
    parent.querySelector('button')?.focus();
    const moved: Node[] = [];
    const insert = parent.insertBefore.bind(parent);
    parent.insertBefore = (node, before) => {
      moved.push(node);
      return insert(node, before);
    };
    morph(parent, [h('section', { key: 'a' }, h('button', null, 'here')), h('p', null, 'last')]);
    expect(parent.innerHTML).to.equal('<section><button>here</button></section><p>last</p>');
    expect(moved.map(({ nodeName }) => nodeName)).to.deep.equal(['P', 'P']);
    expect(document.activeElement?.textContent).to.equal('here');
    parent.remove();
  });

  it('calls the newest listener, once', () => {
    const heard: string[] = [];
    const make = (name: string) => h('button', { on: { click: () => heard.push(name) } });
    const root = box(make('old'));
    const button = root.children[0] as HTMLElement;
    morph(root, [make('new')]);
    button.click();
    morph(root, [h('button')]);
    button.click();
    expect(heard).to.deep.equal(['new']);
  });

  it('hands properties to a custom element and leaves its inside alone', () => {
    const root = box(h('sc-thing', { prop: { view: 1 } }));
    const thing = root.children[0] as HTMLElement & { view: number };
    thing.append(h('b', null, 'own'));
    morph(root, [h('sc-thing', { prop: { view: 2 }, class: 'card' })]);
    expect([root.children[0], thing.view, thing.textContent, thing.className]).to.deep.equal([thing, 2, 'own', 'card']);
  });

  it('leaves open what the reader opened', () => {
    const root = box(h('details', null, h('summary', null, 's')));
    root.children[0]?.setAttribute('open', '');
    morph(root, [h('details', null, h('summary', null, 't'))]);
    expect(root.children[0]?.hasAttribute('open')).to.equal(true);
  });

  it('takes away CSS variables that are no longer wanted', () => {
    const root = box(h('i', { vars: { '--a': '1', '--b': '2' } }));
    morph(root, [h('i', { vars: { '--b': '3' } })]);
    const { style } = root.children[0] as HTMLElement;
    expect([style.getPropertyValue('--a'), style.getPropertyValue('--b')]).to.deep.equal(['', '3']);
  });
});
