using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>The memory that all caching routes share.</summary>
public sealed record Layer7CacheOptions
{
    /// <summary>Bytes of stored answers, with their headers, 1,048,576 to 2,000,000,000; the least used go first. Default: 67,108,864 (64 MiB).</summary>
    [Description("Bytes of stored answers with their headers, 1048576 to 2000000000; the least used go first. Default 67108864 (64 MiB).")]
    public int MaxSize { get; set; } = 64 * 1024 * 1024;

    /// <summary>Bytes of the largest answer that is stored, 1,024 to 1,000,000,000, and at most <see cref="MaxSize"/>. Default: 8,388,608 (8 MiB), or <see cref="MaxSize"/> where that is less.</summary>
    [Description("Bytes of the largest answer that is stored, 1024 to 1000000000; at most MaxSize. Default 8388608 (8 MiB), or MaxSize where that is less.")]
    public int MaxEntrySize { get; set; } = 8 * 1024 * 1024;
}
