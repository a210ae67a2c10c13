"use strict";
// Asks for the one row in the form and shows the answer as it came.
document.getElementById("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const row = {};
  for (const input of event.target.querySelectorAll("input")) {
    const number = input.dataset.type === "numeric" && input.value.trim() !== "" && Number.isFinite(Number(input.value));
    row[input.name] = number ? Number(input.value) : input.value === "" ? null : input.value;
  }
  const shown = document.getElementById("answer");
  try {
    const answer = await fetch("predict", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ rows: [row] }),
    });
    shown.textContent = answer.status + " " + JSON.stringify(await answer.json(), null, 2);
  } catch (error) {
    shown.textContent = String(error);
  }
});
