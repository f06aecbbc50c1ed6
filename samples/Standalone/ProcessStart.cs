using System.Diagnostics;

namespace Standalone;

internal static class ProcessStart
{
    private const string SetSid = "/usr/bin/setsid";

    /// <summary>
    /// A session of its own keeps Ctrl+C in the terminal from reaching every process at once: balancers are to drain
    /// while the services behind them still answer. Where there is no setsid all of them stop together.
    /// </summary>
    public static ProcessStartInfo Of(ProcessDescription description)
    {
        var ownSession = File.Exists(SetSid);
        IEnumerable<string> arguments = ownSession ? [description.FileName, .. description.Arguments] : description.Arguments;
        var start = new ProcessStartInfo(ownSession ? SetSid : description.FileName, arguments)
        {
            WorkingDirectory = description.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in description.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
