using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>One line a request in the log, and in a file when one is named.</summary>
public sealed record AccessLogOptions
{
    /// <summary>File that gets a line a request as well, relative to the configuration file; its folder must exist. Default: none.</summary>
    [Description("File that gets a line a request as well, relative to the configuration file; its folder must exist. Default: none, only the log.")]
    public string? File { get; set; }

    /// <summary>Form of the file's lines. Default: <see cref="AccessLogFormat.Combined"/>.</summary>
    [Description("Form of the file's lines: Combined (Apache's) or W3C (extended log file format). Default Combined.")]
    public AccessLogFormat Format { get; set; } = AccessLogFormat.Combined;

    /// <summary>Bytes after which the file becomes <c>name.1</c> and a new one begins, 65,536 to 2,000,000,000. Default: 100,000,000.</summary>
    [Description("Bytes after which the file becomes <file>.1 and a new one begins, 65536 to 2000000000. Default 100000000.")]
    public int MaxFileSize { get; set; } = 100_000_000;

    /// <summary>Older files that are kept, 0 to 100. Default: 5.</summary>
    [Description("Older files that are kept, 0 to 100. Default 5.")]
    public int KeptFiles { get; set; } = 5;
}
