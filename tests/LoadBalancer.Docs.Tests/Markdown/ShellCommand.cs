using System.Text;

namespace LoadBalancer.Docs.Tests.Markdown;

/// <summary>A command of a shell block, as far as tests have to understand it.</summary>
/// <param name="Place">Page and line of its block.</param>
/// <param name="Text">The command, its continued lines joined, without a remark at its end.</param>
/// <param name="Programs">The words of each program that it starts, without quotes.</param>
internal sealed record ShellCommand(string Place, string Text, IReadOnlyList<string[]> Programs)
{
    /// <summary>What the page says that it prints; an ellipsis stands for anything. Empty where the page does not say.</summary>
    public IReadOnlyList<string> Expected { get; private init; } = [];

    /// <summary>What a comment before its block says to the tests.</summary>
    public string Mark { get; private init; } = "";

    private const string Separators = "|&;";

    public override string ToString() => $"{Place}: {Text}";

    /// <summary>The commands of a block: every line of <c>bash</c>, those behind a dollar sign of <c>console</c>.</summary>
    public static IEnumerable<ShellCommand> In(Fence fence)
    {
        var lines = fence.Text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');
        if (fence.Info != "console")
        {
            return lines.Select(line => Parse(fence.Place, line) with { Mark = fence.Mark }).Where(command => command.Programs.Count > 0);
        }

        var starts = lines.Index().Where(line => line.Item.StartsWith("$ ", StringComparison.Ordinal)).Select(line => line.Index).ToArray();
        return starts.Zip(starts.Skip(1).Append(lines.Length), (start, end) =>
            Parse(fence.Place, lines[start][2..]) with { Expected = lines[(start + 1)..end], Mark = fence.Mark });
    }

    public static ShellCommand Parse(string place, string line)
    {
        var programs = new List<string[]>();
        var words = new List<string>();
        StringBuilder? word = null;
        char quote = default;
        var index = 0;
        for (; index < line.Length; index++)
        {
            var c = line[index];
            if (quote != default)
            {
                if (c == quote)
                {
                    quote = default;
                }
                else
                {
                    word!.Append(c);
                }
            }
            else if (c is '\'' or '"')
            {
                quote = c;
                word ??= new();
            }
            else if (c == '#' && word is null)
            {
                break;
            }
            else if (c == ' ')
            {
                EndWord();
            }
            else if (Separators.Contains(c))
            {
                EndProgram();
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        EndProgram();
        return new(place, line[..index].Trim(), programs);

        void EndWord()
        {
            if (word is not null)
            {
                words.Add(word.ToString());
                word = null;
            }
        }

        void EndProgram()
        {
            EndWord();
            if (words.Count > 0)
            {
                programs.Add([.. words]);
                words.Clear();
            }
        }
    }
}
