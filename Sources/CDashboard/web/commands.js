// The curl lines: with the address the browser sees, and a button that copies.

export function prepareCommands() {
  const base = new URL(".", document.baseURI);
  for (const line of document.querySelectorAll("#commands code[data-path]")) {
    const url = new URL(line.dataset.path, base);
    // For a shell: a quotation mark in the path, which a link may bring along, would end the word.
    line.querySelector(".url").textContent = `'${url.href.replaceAll("'", "%27")}'`;
  }
  for (const button of document.querySelectorAll("#commands button")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(button, "Copied");
  } catch {
    // Not a secure context, or not allowed: the line is selected, and a person copies it.
    getSelection().selectAllChildren(code);
    say(button, "Selected");
  }
}

function say(button, text) {
  button.textContent = text;
  setTimeout(() => (button.textContent = "Copy"), 1500);
}
