"""The magics as commands: ``python -m ckpt_magics show model.ckpt``."""

from ckpt_magics.notebook.commands.command_line import program

if __name__ == "__main__":
    program()
