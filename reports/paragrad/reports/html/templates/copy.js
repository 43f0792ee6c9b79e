// Copies a script; where the browser refuses, it is selected, so that the reader's own keys copy it.
function offerCopies() {
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
        tell("Copied");
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "Selected";
        tell("Selected: copy it with your keyboard");
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
}
